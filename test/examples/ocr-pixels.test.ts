import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { detectionSize } from "../../examples/ocr/pipeline/detection.js";
import type { Quad } from "../../examples/ocr/pipeline/geometry.js";
import { imageNet, symmetric, toTensor } from "../../examples/ocr/pipeline/input.js";
import type { RgbPicture } from "../../examples/ocr/pipeline/picture.js";
import { blank, toRgb, turnOver } from "../../examples/ocr/pipeline/picture.js";
import { resize } from "../../examples/ocr/pipeline/resize.js";
import { cutOut, project, squareToQuad } from "../../examples/ocr/pipeline/warp.js";

function painted(
  width: number,
  height: number,
  colour: (x: number, y: number) => readonly [number, number, number],
): RgbPicture {
  const picture = blank(width, height);
  for (let i = 0; i < width * height; i++) picture.data.set(colour(i % width, Math.floor(i / width)), i * 3);
  return picture;
}

/** smooth waves with some hard edges */
const pattern = (x: number, y: number) =>
  [128 + 100 * Math.sin(x / 9 + y / 23), 128 + 90 * Math.cos(y / 7), (x >> 4) % 2 === (y >> 4) % 2 ? 30 : 220] as const;

function differences(
  a: RgbPicture,
  b: { readonly data: ArrayLike<number> },
  margin = 0,
): { mean: number; most: number } {
  let [sum, count, most] = [0, 0, 0];
  for (let i = 0; i < a.data.length; i++) {
    const x = Math.floor(i / 3) % a.width;
    const y = Math.floor(i / 3 / a.width);
    if (x < margin || y < margin || x >= a.width - margin || y >= a.height - margin) continue;
    const difference = Math.abs(a.data[i]! - b.data[i]!);
    sum += difference;
    count++;
    most = Math.max(most, difference);
  }
  return { mean: sum / count, most };
}

test("a canvas's pixels are a picture; what is see-through becomes white", () => {
  const data = new Uint8ClampedArray([10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 0, 128]);
  const rgb = toRgb({ width: 3, height: 1, data });
  assert.deepEqual([...rgb.data], [10, 20, 30, 255, 255, 255, 127, 127, 127]);
});

test("RGB is taken as it is, without a copy", () => {
  const data = new Uint8Array(12);
  assert.equal(toRgb({ width: 2, height: 2, data }).data, data);
});

test("pictures that contradict themselves are refused", () => {
  assert.throws(() => toRgb({ width: 2, height: 2, data: new Uint8Array(11) }), {
    message: "A picture of 2 × 2 pixels needs 12 bytes (RGB) or 16 (RGBA), but its data has 11",
  });
  for (const [width, height] of [
    [0, 4],
    [4, 0],
    [-1, -1],
    [1.5, 2],
    [Number.NaN, 1],
  ] as const) {
    assert.throws(() => toRgb({ width, height, data: new Uint8Array(12) }), {
      message: `A picture of ${width} × ${height} pixels has nothing to read; both sides must be 1 or more`,
    });
  }
});

test("turning over twice changes nothing, once reverses the pixels", () => {
  const picture = painted(3, 2, (x, y) => [x, y, 9]);
  assert.deepEqual([...turnOver(picture).data.slice(0, 3)], [2, 1, 9]);
  assert.deepEqual(turnOver(turnOver(picture)), picture);
});

test("resizing keeps one colour that colour, and a picture of the right size itself", () => {
  const flat = painted(37, 21, () => [200, 17, 99]);
  for (const [width, height] of [
    [74, 50],
    [10, 7],
    [1, 1],
    [37, 60],
  ] as const) {
    const out = resize(flat, width, height);
    assert.equal(out.data.length, width * height * 3);
    for (let i = 0; i < out.data.length; i++) assert.equal(out.data[i], [200, 17, 99][i % 3]);
  }
  assert.equal(resize(flat, 37, 21), flat);
});

test("enlarging interpolates between the centres of pixels", () => {
  const row = painted(4, 1, x => [x * 40, 0, 0]);
  assert.deepEqual(
    [...resize(row, 8, 1).data].filter((_, i) => i % 3 === 0),
    [0, 10, 30, 50, 70, 90, 110, 120],
  );
});

test("halving takes the triangle's weights 1 3 3 1", () => {
  const row = painted(8, 1, x => [x === 3 ? 160 : 0, 0, 0]);
  assert.deepEqual(
    [...resize(row, 4, 1).data].filter((_, i) => i % 3 === 0),
    [0, 60, 20, 0],
  );
});

// libvips computes the same triangle filter, in fixed point and, when shrinking a lot, after averaging whole blocks
for (const [width, height, mean, most] of [
  [200, 150, 0.6, 4],
  [320, 110, 0.6, 4],
  [75, 56, 2, 30],
] as const) {
  test(`resizing 320 × 240 to ${width} × ${height} agrees with sharp`, async () => {
    const picture = painted(320, 240, pattern);
    const raw = { width: 320, height: 240, channels: 3 } as const;
    const data = await sharp(picture.data, { raw })
      .resize({ width, height, fit: "fill", kernel: "linear" })
      .raw()
      .toBuffer();
    const found = differences(resize(picture, width, height), { data });
    assert.ok(found.mean <= mean && found.most <= most, `mean ${found.mean}, most ${found.most}`);
  });
}

test("the detector's input has sides of multiples of 32 and keeps proportions", () => {
  assert.deepEqual(detectionSize(1600, 1200, 960), { width: 960, height: 736 });
  assert.deepEqual(detectionSize(4000, 3000, 960), { width: 960, height: 736 });
  assert.deepEqual(detectionSize(640, 480, 960), { width: 640, height: 480 });
  assert.deepEqual(detectionSize(1, 1, 960), { width: 32, height: 32 });
  assert.deepEqual(detectionSize(100_000, 10, 960), { width: 960, height: 32 });
});

test("tensors hold blue, green and red planes, normalised; what is right of a picture is 0", () => {
  const picture = painted(1, 2, (_, y) => [255, 51 * y, 0]);
  const { dims, data, dtype } = toTensor([picture, picture], 2, 2, symmetric);
  assert.equal(dtype, "f32");
  assert.deepEqual(dims, [2, 3, 2, 2]);
  const expected = [-1, 0, -1, 0, -1, 0, -0.6, 0, 1, 0, 1, 0];
  assert.equal(data.length, 24);
  for (const [i, value] of [...expected, ...expected].entries()) {
    assert.ok(Math.abs(data[i]! - value) < 1e-6, `element ${i}: ${data[i]}`);
  }
});

test("the detector's statistics go by plane: blue gets red's, as in PaddleOCR", () => {
  const { data } = toTensor([painted(1, 1, () => [255, 255, 255])], 1, 1, imageNet);
  const expected = [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225];
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(data[i]! - value) < 1e-5);
});

test("a projection takes the corners of the square to the corners of the quad", () => {
  const quads: Quad[] = [
    [
      { x: 0, y: 0 },
      { x: 10, y: 0 },
      { x: 10, y: 5 },
      { x: 0, y: 5 },
    ],
    [
      { x: 3, y: 4 },
      { x: 90, y: -5 },
      { x: 70, y: 40 },
      { x: -10, y: 60 },
    ],
    [
      { x: 5, y: 5 },
      { x: 25, y: 15 },
      { x: 20, y: 25 },
      { x: 0, y: 15 },
    ],
  ];
  for (const quad of quads) {
    const projection = squareToQuad(quad);
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ].forEach(([u, v], i) => {
      const { x, y } = project(projection, u!, v!);
      assert.ok(Math.hypot(x - quad[i]!.x, y - quad[i]!.y) < 1e-9);
    });
  }
});

test("straight lines stay straight: the square's middle falls where the quad's diagonals cross", () => {
  const quad: Quad = [
    { x: 0, y: 0 },
    { x: 100, y: 0 },
    { x: 75, y: 50 },
    { x: 25, y: 50 },
  ];
  const { x, y } = project(squareToQuad(quad), 0.5, 0.5);
  assert.ok(Math.abs(x - 50) < 1e-9);
  assert.ok(Math.abs(y - 100 / 3) < 1e-9); // of (0,0)–(75,50) and (100,0)–(25,50)
});

test("cutting an upright box out copies its pixels", () => {
  const picture = painted(40, 30, pattern);
  const quad: Quad = [
    { x: 5, y: 7 },
    { x: 25, y: 7 },
    { x: 25, y: 17 },
    { x: 5, y: 17 },
  ];
  const cut = cutOut(picture, quad);
  assert.deepEqual([cut.width, cut.height], [20, 10]);
  assert.deepEqual(
    cut,
    painted(
      20,
      10,
      (x, y) => picture.data.slice(((y + 7) * 40 + x + 5) * 3).slice(0, 3) as unknown as [number, number, number],
    ),
  );
});

test("cutting a turned box out undoes the turn", () => {
  const smooth = (x: number, y: number) => [128 + 100 * Math.sin(x / 6), 128 + 100 * Math.cos(y / 5), 128] as const;
  const radians = 0.4;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  // the same drawing, turned around (100, 100)
  const turned = painted(200, 200, (x, y) => {
    const [dx, dy] = [x + 0.5 - 100, y + 0.5 - 100];
    return smooth(dx * cos + dy * sin, dy * cos - dx * sin);
  });
  const at = (u: number, v: number) => ({ x: 100 + u * cos - v * sin, y: 100 + u * sin + v * cos });
  const cut = cutOut(turned, [at(-60, -15), at(60, -15), at(60, 15), at(-60, 15)]);
  const expected = painted(120, 30, (x, y) => smooth(x + 0.5 - 60, y + 0.5 - 15));
  const found = differences(cut, expected);
  assert.ok(found.mean < 1 && found.most <= 3, `mean ${found.mean}, most ${found.most}`);
});

test("a box beyond the border repeats the border's pixels, and a box of no size still gives a pixel", () => {
  const picture = painted(4, 4, x => [x * 10, 0, 0]);
  const beyond = cutOut(picture, [
    { x: -3, y: 0 },
    { x: 2, y: 0 },
    { x: 2, y: 1 },
    { x: -3, y: 1 },
  ]);
  assert.deepEqual(
    [...beyond.data].filter((_, i) => i % 3 === 0),
    [0, 0, 0, 0, 10],
  );
  const p = { x: 2.5, y: 2.5 };
  assert.deepEqual([...cutOut(picture, [p, p, p, p]).data], [20, 0, 0]);
});
