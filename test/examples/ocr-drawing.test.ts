import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createCanvas } from "@napi-rs/canvas";
import sharp from "sharp";
import { drawResult } from "../../examples/ocr/node/draw-result.js";
import { fontFor } from "../../examples/ocr/node/fonts.js";
import { savePicture } from "../../examples/ocr/node/save-picture.js";
import { UserError } from "../../examples/ocr/node/user-error.js";
import type { Quad } from "../../examples/ocr/pipeline/geometry.js";
import { blank } from "../../examples/ocr/pipeline/picture.js";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "azulejo-drawing-"));
});
after(() => rm(folder, { recursive: true }));

const box = (left: number, top: number, right: number, bottom: number): Quad => [
  { x: left, y: top },
  { x: right, y: top },
  { x: right, y: bottom },
  { x: left, y: bottom },
];

/** the ink of a character, as a string that tells glyphs apart */
function glyph(character: string, families: string): string {
  const context = createCanvas(48, 48).getContext("2d");
  context.font = `40px ${families}`;
  context.fillText(character, 4, 40);
  return Buffer.from(context.getImageData(0, 0, 48, 48).data).toString("base64");
}

test("the font has its own glyph for Latin, Chinese simplified and traditional, and what prices need", () => {
  const characters = [..."Ag9é你好龙龍檸茶馆，。：￥¥€"];
  const families = fontFor(characters.join(""));
  const missing = glyph("\u{10FFFD}", families);
  const glyphs = characters.map(c => glyph(c, families));
  for (const [i, found] of glyphs.entries()) assert.notEqual(found, missing, `no glyph for ${characters[i]}`);
  assert.equal(new Set(glyphs).size, characters.length, "two characters look the same");
});

test("only the font files that a text needs are named", () => {
  const count = (text: string) => fontFor(text).split(", ").length;
  assert.equal(count("plain text"), 1);
  assert.ok(count("你好") > 1 && count("你好") <= 4);
});

test("the drawing has the boxes on the left, the texts on the right, and leaves the rest of the photo alone", () => {
  const picture = blank(400, 200, 255);
  const drawn = drawResult(picture, [{ text: "茶 tea", confidence: 1, quad: box(100, 60, 300, 110) }]);
  assert.deepEqual([drawn.width, drawn.height], [800, 200]);
  const ink = (left: number, top: number, right: number, bottom: number) => {
    let count = 0;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) if (drawn.data[(y * 800 + x) * 4 + 1]! < 200) count++;
    }
    return count;
  };
  assert.ok(ink(150, 58, 250, 62) >= 200, "upper edge of the box");
  assert.equal(ink(110, 70, 290, 100), 0, "inside of the box");
  assert.ok(ink(500, 60, 700, 110) > 500, "text");
  assert.equal(ink(0, 130, 800, 200), 0, "below");
});

test("large photos are drawn smaller", () => {
  const { width, height } = drawResult(blank(3200, 800, 255), []);
  assert.deepEqual([width, height], [3200, 400]);
});

for (const [name, format] of [
  ["a.png", "png"],
  ["a.jpg", "jpeg"],
  ["a.JPEG", "jpeg"],
  ["a.webp", "webp"],
] as const) {
  test(`saves ${name}`, async () => {
    await savePicture(blank(20, 10, 128), join(folder, name));
    const metadata = await sharp(join(folder, name)).metadata();
    assert.deepEqual([metadata.format, metadata.width, metadata.height], [format, 20, 10]);
  });
}

test("places that can't be written to are named", async () => {
  const nowhere = join(folder, "no", "such", "a.png");
  await assert.rejects(savePicture(blank(2, 2), nowhere), (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.ok(error.message.startsWith(`"${nowhere}" can't be written (`), error.message);
    assert.ok(error.message.endsWith("); name another file with --output"), error.message);
    return true;
  });
});
