// The pipeline with networks made of a few lines: each step gets what it should, and its answer is used as it should be.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FloatTensor } from "../../examples/ocr/pipeline/input.js";
import type { Network } from "../../examples/ocr/pipeline/network.js";
import type { RgbPicture } from "../../examples/ocr/pipeline/picture.js";
import { blank } from "../../examples/ocr/pipeline/picture.js";
import type { Networks, ReadProgress } from "../../examples/ocr/pipeline/read-text.js";
import { readText } from "../../examples/ocr/pipeline/read-text.js";

type Answer = (input: FloatTensor) => { readonly dims: readonly number[]; readonly data: Float32Array };

function network(answer: Answer): Network {
  return {
    inputs: [{ name: "x" }],
    outputs: [{ name: "y" }],
    async run(inputs, options) {
      options?.signal?.throwIfAborted();
      return { y: answer(inputs.x!) };
    },
  };
}

/** Marks what is nearly black in the middle (green) plane. */
const detection = network(({ dims, data }) => {
  const [, , height, width] = dims as [number, number, number, number];
  const green = data.subarray(width * height, 2 * width * height);
  return { dims: [1, 1, height, width], data: green.map(value => (value < -1 ? 0.9 : 0.1)) };
});
/** Takes for upside down what is red. */
const direction = network(({ dims, data }) => {
  const [batch, , height, width] = dims as [number, number, number, number];
  const red = (n: number) => data[(n * 3 + 2) * width * height + (height / 2) * width + 40]!;
  return {
    dims: [batch, 2],
    data: Float32Array.from({ length: batch * 2 }, (_, i) => (i % 2 === (red(i >> 1) > -0.5 ? 1 : 0) ? 0.95 : 0.05)),
  };
});
/** Reads "a" at the left for black, "b" for red, and "?" with little confidence for blue. */
const recognition = network(({ dims, data }) => {
  const [, , height, width] = dims as [number, number, number, number];
  const plane = (c: number) => data[c * width * height + (height / 2) * width + 20]!;
  const symbol = plane(0) > -0.5 ? 3 : plane(2) > -0.5 ? 2 : 1;
  const out = new Float32Array(2 * 5);
  out[symbol] = symbol === 3 ? 0.4 : 0.8;
  out[5] = 1;
  return { dims: [1, 2, 5], data: out };
});
const networks: Networks = { detection, direction, recognition, alphabet: ["", "a", "b", "?", " "] };

function paper(
  width: number,
  height: number,
  ...bars: readonly (readonly [number, number, number, number, readonly number[]])[]
): RgbPicture {
  const picture = blank(width, height, 255);
  for (const [left, top, w, h, colour] of bars) {
    for (let y = top; y < top + h; y++)
      for (let x = left; x < left + w; x++) picture.data.set(colour, (y * width + x) * 3);
  }
  return picture;
}
const [black, red, blue] = [
  [0, 0, 0],
  [160, 0, 0],
  [0, 0, 160],
];

test("finds bars of ink, reads them in order, and says where they are", async () => {
  const picture = paper(640, 320, [400, 100, 160, 20, black], [40, 200, 200, 20, black], [40, 96, 200, 24, black]);
  const { lines, timesMs } = await readText(picture, networks);
  assert.deepEqual(
    lines.map(line => line.text),
    ["a", "a", "a"],
  );
  const corners = lines.map(({ quad }) => quad[0]);
  // 200 × 24 grows by 200 · 24 · 1.5 / 448 on every side
  const by = (200 * 24 * 1.5) / 448;
  assert.ok(Math.abs(corners[0]!.x - (40 - by)) < 1e-9 && Math.abs(corners[0]!.y - (96 - by)) < 1e-9);
  assert.ok(corners[1]!.x > 380 && corners[2]!.y > 180);
  for (const { confidence } of lines) assert.ok(Math.abs(confidence - 0.8) < 1e-6);
  assert.deepEqual(Object.keys(timesMs), [
    "resize",
    "detection",
    "boxes",
    "crops",
    "direction",
    "recognition",
    "decoding",
  ]);
});

test("corners are in pixels of the picture, also if the detector saw it smaller", async () => {
  const picture = paper(1920, 960, [480, 480, 600, 60, black]);
  const [line, ...others] = (await readText(picture, networks)).lines;
  assert.equal(others.length, 0);
  const by = (600 * 60 * 1.5) / 1320;
  assert.ok(Math.abs(line!.quad[0].x - (480 - by)) < 3 && Math.abs(line!.quad[2].x - (1080 + by)) < 3);
});

test("what stands on its head is turned over, and its corners with it", async () => {
  const { lines } = await readText(paper(320, 160, [60, 60, 200, 30, red]), networks);
  assert.equal(lines[0]!.text, "b");
  const [start, end] = lines[0]!.quad;
  assert.ok(start.x > 260 && end.x < 60, "reading begins at the right");
  assert.ok(start.y > 90, "at the lower edge");
});

test("what is turned over is read from its other end", async () => {
  const picture = paper(320, 160, [60, 60, 140, 30, red], [200, 60, 60, 30, black]);
  assert.equal((await readText(picture, networks)).lines[0]!.text, "a");
});

test("a picture whose sides shrink by different ratios keeps its corners in place", async () => {
  // 1920 × 100 is seen as 960 × 64: 2 pixels in one across, 1.5625 down
  const { quad } = (await readText(paper(1920, 100, [480, 35, 600, 30, black]), networks)).lines[0]!;
  const by = (300 * 19.2 * 1.5) / (2 * (300 + 19.2));
  const expected = [480 - 2 * by, 35 - 1.5625 * by, 1080 + 2 * by, 65 + 1.5625 * by];
  for (const [i, found] of [quad[0].x, quad[0].y, quad[2].x, quad[2].y].entries()) {
    assert.ok(Math.abs(found - expected[i]!) < 3, `${found} instead of ${expected[i]}`);
  }
});

test("tall boxes are read downwards", async () => {
  const { lines } = await readText(paper(160, 320, [60, 60, 30, 200, black]), networks);
  const [start, end] = lines[0]!.quad;
  assert.ok(start.x > 90 && start.y < 60 && end.x > 90 && end.y > 260);
});

test("lines of little confidence are dropped, unless they are asked for", async () => {
  const picture = paper(320, 160, [60, 60, 200, 30, blue]);
  assert.deepEqual((await readText(picture, networks)).lines, []);
  assert.equal((await readText(picture, networks, { minConfidence: 0.3 })).lines[0]!.text, "?");
});

test("lines of nothing but spaces are dropped", async () => {
  const space = network(() => ({ dims: [1, 1, 5], data: Float32Array.of(0, 0, 0, 0, 1) }));
  const picture = paper(320, 160, [60, 60, 200, 30, black]);
  assert.deepEqual((await readText(picture, { ...networks, recognition: space })).lines, []);
});

test("a picture without text gives no lines; so do the smallest picture and extreme ones", async () => {
  for (const [width, height] of [
    [640, 480],
    [1, 1],
    [5000, 1],
    [1, 5000],
  ] as const) {
    assert.deepEqual((await readText(blank(width, height, 255), networks)).lines, []);
  }
});

test("a picture that is all ink is one box, clipped to the picture", async () => {
  const { lines } = await readText(blank(300, 100), networks);
  assert.equal(lines.length, 1);
  for (const { x, y } of lines[0]!.quad) assert.ok(x >= 0 && x <= 300 && y >= 0 && y <= 100);
});

test("progress names the steps and counts the lines", async () => {
  const seen: ReadProgress[] = [];
  const picture = paper(640, 320, [40, 50, 200, 20, black], [40, 150, 200, 20, black]);
  await readText(picture, networks, { onProgress: p => seen.push(p) });
  assert.deepEqual(seen, [
    { step: "detection", done: 0, of: 1 },
    { step: "direction", done: 0, of: 2 },
    { step: "recognition", done: 0, of: 2 },
    { step: "recognition", done: 1, of: 2 },
  ]);
});

test("an aborted signal ends the work at the next step", async () => {
  const controller = new AbortController();
  const steps: string[] = [];
  const onProgress = ({ step }: ReadProgress) => {
    steps.push(step);
    if (step === "direction") controller.abort();
  };
  const picture = paper(640, 320, [40, 50, 200, 20, black]);
  await assert.rejects(readText(picture, networks, { signal: controller.signal, onProgress }), { name: "AbortError" });
  assert.deepEqual(steps, ["detection", "direction"]);
});

test("networks that are not what they should be are refused", async () => {
  const picture = paper(320, 160, [60, 60, 200, 30, black]);
  await assert.rejects(readText(picture, { ...networks, alphabet: ["", "a"] }), {
    message: "The recogniser knows 5 symbols, but the dictionary lists 2",
  });
  await assert.rejects(readText(picture, { ...networks, detection: direction }), {
    message: "A detector must answer 320 × 160 pixels with as many scores, not with [1,2]",
  });
  const doubles: Network = { ...detection, run: async () => ({ y: { dims: [1], data: new Float64Array(1) } }) };
  await assert.rejects(readText(picture, { ...networks, detection: doubles }), {
    message: 'The output "y" must be f32; is this a model of PP-OCR?',
  });
});
