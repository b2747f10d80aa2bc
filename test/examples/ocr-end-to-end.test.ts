// The pipeline with the real models on real pixels: every line of the shipped picture, also turned, large, and far away.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Sharp } from "sharp";
import sharp from "sharp";
import type { LoadedNetworks } from "../../examples/ocr/node/models.js";
import { loadNetworks } from "../../examples/ocr/node/models.js";
import { readPicture } from "../../examples/ocr/node/read-picture.js";
import type { ReadResult } from "../../examples/ocr/pipeline/read-text.js";
import { readText } from "../../examples/ocr/pipeline/read-text.js";
import { characterErrorRate } from "./character-error-rate.js";

const images = new URL("../../../examples/images/", import.meta.url);
const shipped = fileURLToPath(new URL("tea-house.jpg", images));

let networks: LoadedNetworks;
let truth: string;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "azulejo-end-to-end-"));
  truth = await readFile(new URL("tea-house.txt", images), "utf8");
  networks = await loadNetworks({ threads: 2 });
});
after(async () => {
  for (const name of ["detection", "direction", "recognition"] as const) networks?.[name].dispose();
  await rm(folder, { recursive: true });
});

async function read(change?: (picture: Sharp) => Sharp, name = "changed.webp"): Promise<ReadResult> {
  if (!change) return readText(await readPicture(shipped), networks);
  const path = join(folder, name);
  await change(sharp(shipped)).toFile(path);
  return readText(await readPicture(path), networks);
}

const textOf = ({ lines }: ReadResult) => lines.map(line => line.text).join("\n");

test("the character error rate counts edits, not spaces", () => {
  assert.equal(characterErrorRate("ab\nc d", "abcd"), 0);
  assert.equal(characterErrorRate("abxd", "abcd"), 0.25);
  assert.equal(characterErrorRate("", "abcd"), 1);
  assert.equal(characterErrorRate("xabcdyz", "abcd"), 0.75);
});

test("every line of the shipped picture is read, in order, without a wrong character", async () => {
  const result = await read();
  const plain = (line: string) => line.normalize("NFKC").replace(/\s/g, "");
  assert.deepEqual(
    result.lines.map(line => plain(line.text)),
    truth
      .trim()
      .split(/[\n\t]/)
      .map(plain),
  );
  for (const { text, confidence } of result.lines) assert.ok(confidence > 0.85, `${text}: ${confidence}`);
});

test("boxes lie where the writing is", async () => {
  const { lines } = await read();
  const find = (text: string) => lines.find(line => line.text.replace(/\s/g, "") === text)!.quad;
  const [title, spine, ticket] = [find("山风茶馆"), find("THECLASSICOFTEA"), find("Table27")];
  // measured in the picture with a ruler: the title from about (585, 150) to (990, 195)
  assert.ok(Math.abs(title[0].x - 580) < 20 && Math.abs(title[0].y - 137) < 20, JSON.stringify(title));
  assert.ok(Math.abs(title[2].x - 997) < 20 && Math.abs(title[2].y - 195) < 20, JSON.stringify(title));
  assert.ok(spine[1].y - spine[0].y > 400, "the book's title runs down");
  assert.ok(ticket[1].x < ticket[0].x, "the ticket lies upside down");
});

test("a second picture of another size, and the first again: the same answer", async () => {
  const first = textOf(await read());
  assert.ok(characterErrorRate(textOf(await read(picture => picture.resize(1000))), truth) < 0.1);
  assert.equal(textOf(await read()), first);
});

test("a photo of 12 megapixels, turned by EXIF", async () => {
  const large = await sharp(shipped).resize(4000, 3000).png({ compressionLevel: 1 }).toBuffer();
  const turned = () => sharp(large).rotate(90).withMetadata({ orientation: 8 }).jpeg({ quality: 90 });
  const rate = characterErrorRate(textOf(await read(turned, "large.jpg")), truth);
  assert.ok(rate <= 0.02, `error rate ${rate}`);
});

test("a photo held upside down", async () => {
  const rate = characterErrorRate(textOf(await read(picture => picture.rotate(180))), truth);
  assert.ok(rate <= 0.02, `error rate ${rate}`);
});

test("a photo taken at an angle", async () => {
  const large = await sharp(shipped).resize(1800).png({ compressionLevel: 1 }).toBuffer();
  const rate = characterErrorRate(
    textOf(await read(() => sharp(large).rotate(12, { background: "#333" }), "slant.png")),
    truth,
  );
  assert.ok(rate <= 0.05, `error rate ${rate}`);
});
