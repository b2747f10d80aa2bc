// Lines of text, cut out of the picture and brought to the height that both the direction network and the recogniser read.
import type { Quad } from "./geometry.js";
import { sizeOf, turn } from "./geometry.js";
import type { RgbPicture } from "./picture.js";
import { resize } from "./resize.js";
import { cutOut } from "./warp.js";

export const cropHeight = 48;
/** about 130 characters; longer lines are squeezed */
const maxWidth = 3200;

/** One line of text, `cropHeight` pixels high; it reads from the first corner of its quad to the second. */
export interface Crop {
  readonly quad: Quad;
  readonly pixels: RgbPicture;
}

/** Cuts a box out. If it is much taller than wide, it is text that was turned: then it is laid on its side, reading downwards. */
export function cropOf(picture: RgbPicture, box: Quad): Crop {
  const { width, height } = sizeOf(box);
  const quad = height >= 1.5 * width ? turn(box, 1) : box;
  const cut = cutOut(picture, quad);
  const cropWidth = Math.min(Math.max(1, Math.ceil((cropHeight * cut.width) / cut.height)), maxWidth);
  return { quad, pixels: resize(cut, cropWidth, cropHeight) };
}
