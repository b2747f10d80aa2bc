// Files to pixels: whatever sharp decodes (JPEG, PNG, WebP, …), turned the way the camera was held.
import { access } from "node:fs/promises";
import sharp from "sharp";
import type { RgbPicture } from "../pipeline/picture.js";
import { UserError } from "./user-error.js";

/** against files that unpack to far more than any camera takes */
const maxPixels = 200_000_000;

export async function readPicture(path: string): Promise<RgbPicture> {
  await access(path).catch(() => {
    throw new UserError(`There is no picture at "${path}"; check the path`);
  });
  try {
    await checkSize(path);
    const { data, info } = await sharp(path, { failOn: "error", limitInputPixels: maxPixels })
      .autoOrient()
      .toColourspace("srgb")
      .flatten({ background: "white" })
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, channels: 3, data: threeChannels(data, info.channels) };
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new UserError(`"${path}" can't be read as a picture (${why}); use a JPEG, PNG or WebP file`, { cause });
  }
}

/** The size is in the file's head: nothing is decoded for it. */
async function checkSize(path: string): Promise<void> {
  const { width, height } = await sharp(path, { limitInputPixels: false }).metadata();
  if (width * height <= maxPixels) return;
  const millions = Math.floor(maxPixels / 1e6);
  throw new UserError(`"${path}" is ${width} × ${height} pixels, more than ${millions} million; make it smaller`);
}

/** sharp leaves some grey pictures at one channel. */
function threeChannels(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = data[Math.floor(i / 3) * channels]!;
  return rgb;
}
