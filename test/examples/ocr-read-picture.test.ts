import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { readPicture } from "../../examples/ocr/node/read-picture.js";
import { UserError } from "../../examples/ocr/node/user-error.js";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "azulejo-picture-"));
});
after(() => rm(folder, { recursive: true }));

const [width, height] = [48, 32];
/** four quarters of one colour each: red, green / blue, white */
const quarters = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
  const x = Math.floor(i / 3) % width;
  const y = Math.floor(i / 3 / width);
  return [
    [230, 30, 30],
    [30, 200, 40],
    [20, 40, 220],
    [250, 250, 250],
  ][(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]![i % 3]!;
});
const picture = () => sharp(quarters, { raw: { width, height, channels: 3 } });
const colours = { red: [230, 30, 30], green: [30, 200, 40], blue: [20, 40, 220], white: [250, 250, 250] } as const;

async function file(name: string, content: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** asserts the colours in the middle of the quarters, row by row */
async function assertQuarters(
  path: string,
  expected: readonly (keyof typeof colours)[],
  tolerance = 12,
): Promise<void> {
  const { width, height, data } = await readPicture(path);
  assert.equal(data.length, width * height * 3);
  expected.forEach((name, i) => {
    const x = Math.floor(width * (i % 2 === 0 ? 0.25 : 0.75));
    const y = Math.floor(height * (i < 2 ? 0.25 : 0.75));
    const found = [...data.slice((y * width + x) * 3, (y * width + x) * 3 + 3)];
    const most = Math.max(...found.map((value, c) => Math.abs(value - colours[name][c]!)));
    assert.ok(most <= tolerance, `quarter ${i} is ${found} instead of ${name}`);
  });
}

for (const format of ["jpeg", "png", "webp", "avif", "tiff", "gif"] as const) {
  test(`reads ${format}, whatever the file is called`, async () => {
    const path = await file(`picture-${format}.dat`, await picture().toFormat(format).toBuffer());
    await assertQuarters(path, ["red", "green", "blue", "white"], 20);
  });
}

// orientation ↦ what the viewer must see, from the EXIF specification (JEITA CP-3451, tag 274)
const seen = {
  1: ["red", "green", "blue", "white"],
  2: ["green", "red", "white", "blue"],
  3: ["white", "blue", "green", "red"],
  4: ["blue", "white", "red", "green"],
  5: ["red", "blue", "green", "white"],
  6: ["blue", "red", "white", "green"],
  7: ["white", "green", "blue", "red"],
  8: ["green", "white", "red", "blue"],
} as const;
for (const [orientation, expected] of Object.entries(seen)) {
  test(`turns a photo with EXIF orientation ${orientation}`, async () => {
    const jpeg = await picture()
      .withMetadata({ orientation: Number(orientation) })
      .jpeg({ chromaSubsampling: "4:4:4" })
      .toBuffer();
    const path = await file(`orientation-${orientation}.jpg`, jpeg);
    await assertQuarters(path, expected);
    const turned = await readPicture(path);
    assert.deepEqual([turned.width, turned.height], Number(orientation) > 4 ? [height, width] : [width, height]);
  });
}

test("see-through becomes white", async () => {
  const empty = sharp({ create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } });
  const { data } = await readPicture(await file("empty.png", await empty.png().toBuffer()));
  assert.ok(data.every(value => value === 255));
});

test("grey, 16-bit and CMYK pictures become RGB", async () => {
  const grey = await picture().toColourspace("b-w").png().toBuffer();
  const deep = await picture().toColourspace("rgb16").png().toBuffer();
  const print = await picture().toColourspace("cmyk").jpeg().toBuffer();
  for (const [name, bytes] of Object.entries({ grey, deep, print })) {
    const { width: w, height: h, data } = await readPicture(await file(`${name}.dat`, bytes));
    assert.deepEqual([w, h, data.length], [width, height, width * height * 3], name);
  }
  assert.equal((await sharp(deep).metadata()).depth, "ushort");
  await assertQuarters(join(folder, "deep.dat"), ["red", "green", "blue", "white"]);
});

test("a photo of 12 megapixels comes in full", async () => {
  const large = sharp({ create: { width: 4000, height: 3000, channels: 3, background: "#336699" } });
  const read = await readPicture(await file("large.jpg", await large.jpeg().toBuffer()));
  assert.deepEqual([read.width, read.height, read.data.length], [4000, 3000, 36_000_000]);
});

test("a missing file is named", async () => {
  await assert.rejects(readPicture("no/such.jpg"), (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.message, `There is no picture at "no/such.jpg"; check the path`);
    return true;
  });
});

test("what is no picture, or half of one, is refused by name with a remedy", async () => {
  const jpeg = await picture().jpeg().toBuffer();
  const png = await picture().png().toBuffer();
  const bad = {
    "empty.jpg": new Uint8Array(0),
    "words.jpg": "these are words",
    "half.jpg": jpeg.subarray(0, jpeg.length >> 1),
    "half.png": png.subarray(0, png.length >> 1),
    "lies.png": Buffer.concat([
      png.subarray(0, 16),
      Buffer.from([0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]),
      png.subarray(24),
    ]),
  };
  for (const [name, content] of Object.entries(bad)) {
    const path = await file(name, content);
    await assert.rejects(readPicture(path), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.ok(error.message.startsWith(`"${path}" can't be read as a picture (`), error.message);
      assert.ok(error.message.endsWith("); use a JPEG, PNG or WebP file"), error.message);
      return true;
    });
  }
  await assert.rejects(readPicture(folder), UserError);
});

test("more pixels than any camera takes are refused before they are decoded, with the size", async () => {
  const blank = sharp({ create: { width: 20_000, height: 10_001, channels: 3, background: "white" } });
  const path = await file("huge.png", await blank.png({ compressionLevel: 1 }).toBuffer());
  await assert.rejects(readPicture(path), {
    message: `"${path}" is 20000 × 10001 pixels, more than 200 million; make it smaller`,
  });
});
