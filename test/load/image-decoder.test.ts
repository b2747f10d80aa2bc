// ImageDecoder: the formats that are read here, by files written out, the user's decoder, and what is missing or damaged.
// JPEG, PNG, TIFF, WebP and JPEG 2000 are in ONNX's own suite (test/ops/host-suites.test.ts).
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ImageDecoder, LoadOptions } from "../../src/index.js";
import { load, Tensor } from "../../src/index.js";
import { decodeImage } from "../../src/load/images/decode-image.js";
import { AzulejoError } from "../../src/support/errors.js";
import { node, onnxModel, text, value } from "../frontends/onnx-model.js";

const ascii = (s: string): number[] => [...s].map(c => c.charCodeAt(0));
const u16 = (n: number): number[] => [n & 255, (n >> 8) & 255];
const u32 = (n: number): number[] => [...u16(n & 0xffff), ...u16(n >>> 16)];

interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly compression?: number;
  readonly masks?: readonly number[];
  readonly palette?: readonly (readonly number[])[];
  readonly pixels: readonly number[];
}
/** A header of 40 bytes, masks or a palette, pixels. */
function bitmap({ width, height, bits, compression = 0, masks = [], palette = [], pixels }: Bitmap): Uint8Array {
  const colors = palette.flatMap(([r, g, b]) => [b!, g!, r!, 0]);
  const offset = 54 + masks.length * 4 + colors.length;
  return Uint8Array.from([
    ...ascii("BM"),
    ...u32(offset + pixels.length),
    ...u32(0),
    ...u32(offset),
    ...[40, width, height].flatMap(u32),
    ...u16(1),
    ...u16(bits),
    ...[compression, pixels.length, 0, 0, palette.length, 0].flatMap(u32),
    ...masks.flatMap(u32),
    ...colors,
    ...pixels,
  ]);
}
const [red, green, white, black] = [
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 255],
  [0, 0, 0],
];
/** red above green */
const column = { width: 1, height: 2, data: [...red, ...green] };

const pictures: readonly {
  readonly name: string;
  readonly file: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels?: number;
  readonly data: readonly number[];
}[] = [
  {
    name: "BMP of 24 bits, rows from the bottom, filled to 4 bytes",
    file: bitmap({ width: 1, height: 2, bits: 24, pixels: [0, 255, 0, 0, 0, 0, 255, 0] }),
    ...column,
  },
  {
    name: "BMP of 24 bits, rows from the top",
    file: bitmap({ width: 1, height: -2, bits: 24, pixels: [0, 0, 255, 0, 0, 255, 0, 0] }),
    ...column,
  },
  {
    name: "BMP of 32 bits",
    file: bitmap({ width: 1, height: 2, bits: 32, pixels: [0, 255, 0, 9, 0, 0, 255, 9] }),
    ...column,
  },
  {
    name: "BMP of 16 bits",
    file: bitmap({ width: 2, height: 1, bits: 16, pixels: [...u16(0x7c00), ...u16(0x4210)] }),
    width: 2,
    height: 1,
    data: [...red, 132, 132, 132],
  },
  {
    name: "BMP of 16 bits with 6 for green",
    file: bitmap({
      width: 2,
      height: 1,
      bits: 16,
      compression: 3,
      masks: [0xf800, 0x7e0, 0x1f],
      pixels: [...u16(0x07e0), ...u16(0x0400)],
    }),
    width: 2,
    height: 1,
    data: [...green, 0, 130, 0],
  },
  {
    name: "BMP of 32 bits with red lowest",
    file: bitmap({
      width: 1,
      height: 1,
      bits: 32,
      compression: 3,
      masks: [0xff, 0xff00, 0xff000000],
      pixels: [1, 2, 99, 4],
    }),
    width: 1,
    height: 1,
    data: [1, 2, 4],
  },
  {
    name: "BMP with a palette of 1 bit",
    file: bitmap({ width: 3, height: 1, bits: 1, palette: [red, green], pixels: [0b01000000, 0, 0, 0] }),
    width: 3,
    height: 1,
    data: [...red, ...green, ...red],
  },
  {
    name: "BMP with a palette of 4 bits",
    file: bitmap({ width: 3, height: 1, bits: 4, palette: [red, green, white], pixels: [0x12, 0x00, 0, 0] }),
    width: 3,
    height: 1,
    data: [...green, ...white, ...red],
  },
  {
    name: "BMP with a palette of 8 bits",
    file: bitmap({ width: 2, height: 1, bits: 8, palette: [red, green], pixels: [1, 0, 0, 0] }),
    width: 2,
    height: 1,
    data: [...green, ...red],
  },
  {
    name: "BMP in runs of 8 bits: a run, the end of a line, spelled out, a move, the end",
    file: bitmap({
      width: 4,
      height: 3,
      bits: 8,
      compression: 1,
      palette: [black, red, green, white],
      pixels: [4, 1, 0, 0, 0, 3, 1, 2, 3, 0, 0, 2, 0, 1, 1, 2, 0, 1],
    }),
    width: 4,
    height: 3,
    data: [black, black, black, green, red, green, white, black, red, red, red, red].flat(),
  },
  {
    name: "BMP in runs of 4 bits: two indices in turn",
    file: bitmap({
      width: 5,
      height: 1,
      bits: 4,
      compression: 2,
      palette: [black, red, green],
      pixels: [5, 0x12, 0, 1],
    }),
    width: 5,
    height: 1,
    data: [red, green, red, green, red].flat(),
  },
  {
    name: "BMP with the header of OS/2",
    file: Uint8Array.from([
      ...ascii("BM"),
      ...u32(36),
      ...u32(0),
      ...u32(32),
      ...u32(12),
      ...[1, 1, 1, 1].flatMap(u16),
      ...[0, 255, 0],
      ...[0, 0, 255],
      ...[0x80, 0, 0, 0],
    ]),
    width: 1,
    height: 1,
    data: red,
  },
  {
    name: "P1: digits without blanks",
    file: Uint8Array.from(ascii("P1\n# no\n3 1\n0 10")),
    width: 3,
    height: 1,
    channels: 1,
    data: [255, 0, 255],
  },
  { name: "P2", file: Uint8Array.from(ascii("P2 2 1 3\n3 1\n")), width: 2, height: 1, channels: 1, data: [255, 85] },
  { name: "P3", file: Uint8Array.from(ascii("P3 1 1 255 1 2 3")), width: 1, height: 1, data: [1, 2, 3] },
  {
    name: "P4: 8 to a byte",
    file: Uint8Array.from([...ascii("P4 9 1\n"), 0b10000001, 0x80]),
    width: 9,
    height: 1,
    channels: 1,
    data: [0, 255, 255, 255, 255, 255, 255, 0, 0],
  },
  {
    name: "P5 of 16 bits",
    file: Uint8Array.from([...ascii("P5 2 1 65535\n"), 0x80, 0, 0xff, 0xff]),
    width: 2,
    height: 1,
    channels: 1,
    data: [128, 255],
  },
  { name: "P6", file: Uint8Array.from([...ascii("P6 1 1 255\n"), 7, 8, 9]), width: 1, height: 1, data: [7, 8, 9] },
  {
    name: "P7 with alpha",
    file: Uint8Array.from([
      ...ascii("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"),
      1,
      2,
      3,
      4,
    ]),
    width: 1,
    height: 1,
    channels: 4,
    data: [1, 2, 3, 4],
  },
];
for (const { name, file, width, height, channels = 3, data } of pictures)
  test(name, async () => {
    const { data: got, ...rest } = (await decodeImage(file))!;
    assert.deepEqual(rest, { width, height, channels });
    assert.deepEqual([...got], data);
  });

test("a file that ends too early is no picture", async () => {
  for (const { name, file } of pictures) {
    // a bitmap in runs may leave the rest out, and one of text ends anywhere
    if (/runs|P[123]/.test(name)) continue;
    assert.equal(
      await decodeImage(file.subarray(0, file.length - (name.includes("24 bits") ? 4 : 1))),
      undefined,
      name,
    );
  }
});
test("whatever the bytes: a picture, or none", async () => {
  const mutated = fc.tuple(fc.constantFrom(...pictures), fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 }));
  await fc.assert(
    fc.asyncProperty(mutated, async ([{ file }, changes]) => {
      const bytes = file.slice();
      // sizes stay small, so that 2000 files are quick; what promises much is below
      for (const [at, byte] of changes) if (at > 1 && (at < 18 || at > 25)) bytes[at % bytes.length] = byte;
      const image = await decodeImage(bytes).catch((e: unknown) => assert(e instanceof AzulejoError));
      if (image) assert.equal(image.data.length, image.width * image.height * image.channels);
    }),
    { numRuns: 2000 },
  );
});
test("a header that promises more pixels than there are costs nothing", async () => {
  const huge = [
    bitmap({ width: 60000, height: 60000, bits: 24, pixels: [] }),
    bitmap({ width: 16000, height: 16000, bits: 8, pixels: [] }),
    Uint8Array.from(ascii("P6 60000 4000 255\n")),
    Uint8Array.from(ascii("P3 60000 4000 255\n")),
    Uint8Array.from(ascii("P5 99999999999999999999 1 255\n")),
  ];
  for (const file of huge) assert.equal(await decodeImage(file), undefined);
});

const starts: Readonly<Record<string, readonly number[]>> = {
  JPEG: [0xff, 0xd8, 0xff],
  PNG: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  "JPEG 2000": [0xff, 0x4f, 0xff, 0x51],
};
for (const [format, start] of Object.entries(starts)) {
  test(`${format} without a decoder says what to do`, async () => {
    const says = (remedy: string): object => ({
      code: "operator-unsupported",
      message: `ImageDecoder: nothing here decodes ${format}; ${remedy}give load() an imageDecoder`,
    });
    const file = Uint8Array.from(start);
    await assert.rejects(
      decodeImage(file, undefined, () => ({})),
      says(""),
    );
    await assert.rejects(
      decodeImage(file, undefined, () => ({ remedy: "npm install x" })),
      says("run npm install x or "),
    );
  });
  test(`a damaged ${format} is no picture`, async () => {
    assert.equal(await decodeImage(Uint8Array.from(start)), undefined);
  });
}

const model = (format: string): Uint8Array =>
  onnxModel({
    opset: 20,
    inputs: [value("file", 2, ["bytes"])],
    outputs: [value("image", 2, ["height", "width", "channels"])],
    nodes: [node("ImageDecoder", ["file"], ["image"], [text("pixel_format", format)], "decode")],
  });
async function run(format: string, file: Uint8Array, options: LoadOptions = {}) {
  const loaded = await load(model(format), { target: "interpreter", ...options });
  try {
    const { image } = await loaded.run({ file: new Tensor("u8", file, [file.length]) });
    return { dims: image!.dims, data: [...(image!.data as Uint8Array)] };
  } finally {
    loaded.dispose();
  }
}

test("pixel formats", async () => {
  const p6 = Uint8Array.from([...ascii("P6 2 1 255\n"), 10, 20, 30, 255, 255, 255]);
  assert.deepEqual(await run("RGB", p6), { dims: [1, 2, 3], data: [10, 20, 30, 255, 255, 255] });
  assert.deepEqual(await run("BGR", p6), { dims: [1, 2, 3], data: [30, 20, 10, 255, 255, 255] });
  // 0.299 · 10 + 0.587 · 20 + 0.114 · 30 = 18.15
  assert.deepEqual(await run("Grayscale", p6), { dims: [1, 2, 1], data: [18, 255] });
  const p5 = Uint8Array.from([...ascii("P5 1 1 255\n"), 7]);
  assert.deepEqual(await run("RGB", p5), { dims: [1, 1, 3], data: [7, 7, 7] });
  assert.deepEqual(await run("Grayscale", p5), { dims: [1, 1, 1], data: [7] });
});
test("what is no picture is a matrix without rows and columns", async () => {
  assert.deepEqual(await run("RGB", Uint8Array.of(1, 2, 3)), { dims: [0, 0, 3], data: [] });
  assert.deepEqual(await run("Grayscale", Uint8Array.of()), { dims: [0, 0, 1], data: [] });
});
test("a user's decoder comes first, and leaves others what it does not know", async () => {
  const imageDecoder: ImageDecoder = file =>
    file[0] === 1 ? { width: 1, height: 1, channels: 2, data: Uint8Array.of(9, 255) } : undefined;
  assert.deepEqual(await run("RGB", Uint8Array.of(1), { imageDecoder }), { dims: [1, 1, 3], data: [9, 9, 9] });
  const p5 = Uint8Array.from([...ascii("P5 1 1 255\n"), 7]);
  assert.deepEqual(await run("RGB", p5, { imageDecoder }), { dims: [1, 1, 3], data: [7, 7, 7] });
});
test("what a user's decoder gives is checked", async () => {
  const give = (image: unknown): Promise<unknown> =>
    run("RGB", Uint8Array.of(1), { imageDecoder: (() => image) as unknown as ImageDecoder });
  await assert.rejects(give({ width: 2, height: 1, channels: 3, data: new Uint8Array(5) }), {
    code: "option",
    message: "imageDecoder gave 5 bytes for 2×1 pixels of 3 channels; give 6",
  });
  for (const image of [null, {}, { width: 1, height: 1, channels: 5, data: new Uint8Array(5) }])
    await assert.rejects(give(image), {
      code: "option",
      message:
        "imageDecoder gave no picture; give { width, height, channels, data } with 1 to 4 channels of 8 bits in a Uint8Array, or undefined",
    });
});
test("an unknown pixel format", async () => {
  await assert.rejects(run("YUV", Uint8Array.of(1)), {
    code: "operator-attribute",
    message: 'ImageDecoder "decode": pixel_format "YUV" is unknown; use RGB, BGR or Grayscale',
  });
});
