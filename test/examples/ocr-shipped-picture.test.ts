// The picture that ships: it is what its script makes, its ground truth is what is written in it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import sharp from "sharp";
import { makePicture } from "../../examples/ocr/picture/make.js";
import { groundTruth } from "../../examples/ocr/picture/words.js";

const images = new URL("../../../examples/images/", import.meta.url);

test("the shipped picture is a JPEG of 1600 × 1200 and less than 600 KB", async () => {
  const bytes = await readFile(new URL("tea-house.jpg", images));
  const { format, width, height } = await sharp(bytes).metadata();
  assert.deepEqual({ format, width, height }, { format: "jpeg", width: 1600, height: 1200 });
  assert.ok(bytes.length < 600_000, `${bytes.length} bytes`);
});

test("the ground truth beside it is the text that the script writes into it", async () => {
  assert.equal(await readFile(new URL("tea-house.txt", images), "utf8"), groundTruth());
});

test("the script makes the shipped picture", async () => {
  const pixels = (jpeg: Buffer) => sharp(jpeg).raw().toBuffer();
  const [shipped, made] = await Promise.all([
    pixels(await readFile(new URL("tea-house.jpg", images))),
    pixels(await makePicture()),
  ]);
  assert.equal(made.length, shipped.length);
  let sum = 0;
  for (let i = 0; i < made.length; i++) sum += Math.abs(made[i]! - shipped[i]!);
  // equal on one machine; other builds of the font rasteriser and the JPEG encoder may differ a little
  assert.ok(sum / made.length < 2, `mean difference ${sum / made.length} of 255`);
});
