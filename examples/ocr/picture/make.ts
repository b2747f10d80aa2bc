// Makes the picture that ships with the project, and its ground truth: `node dist/examples/ocr/picture/make.js [FOLDER]`.
// Everything in it is drawn here; the same machine always makes the same picture.
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { toRgb } from "../pipeline/picture.js";
import type { Camera } from "./camera.js";
import { photograph } from "./camera.js";
import { deskHeight, deskWidth, drawDesk } from "./desk.js";
import { groundTruth } from "./words.js";

const camera: Camera = {
  width: 1600,
  height: 1200,
  view: [
    { x: 30, y: 30 },
    { x: 2370, y: 95 },
    { x: 2190, y: 1775 },
    { x: 130, y: 1700 },
  ],
  blur: { least: 0.55, most: 1.5 },
  noise: 3.4,
  seed: 1873,
};

export async function makePicture(): Promise<Buffer> {
  const desk = drawDesk().getContext("2d").getImageData(0, 0, deskWidth, deskHeight);
  const { width, height, data } = await photograph(toRgb(desk), camera);
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 78, chromaSubsampling: "4:2:0" })
    .toBuffer();
}

const here = fileURLToPath(import.meta.url);
if (resolve(process.argv[1] ?? "") === here) {
  const folder = process.argv[2] ?? fileURLToPath(new URL("../../../../examples/images/", import.meta.url));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "tea-house.jpg"), await makePicture());
  await writeFile(join(folder, "tea-house.txt"), groundTruth());
  console.log(`tea-house.jpg and tea-house.txt are in ${folder}`);
}
