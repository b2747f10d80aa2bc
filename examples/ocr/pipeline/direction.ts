// Step 2: which way up? Tall boxes are laid on their side; a small network then says which crops stand on their head.
import { type Quad, sizeOf, turn } from "./geometry.js";
import { symmetric, toTensor } from "./input.js";
import { apply, type Network } from "./network.js";
import { type RgbPicture, turnOver } from "./picture.js";
import { resize } from "./resize.js";
import type { Stopwatch } from "./stopwatch.js";
import { cutOut } from "./warp.js";

/** A line of text cut out of the picture; it reads from the first corner of its quad to the second. */
export interface Crop {
  readonly quad: Quad;
  readonly pixels: RgbPicture;
}

const inputWidth = 192;
const inputHeight = 48;
/** crops in one run: all have the same size here */
const batch = 6;

/** Cuts a box out, turned by a quarter (reading downwards) if it is much taller than wide: that is text that was turned. */
export function cropOf(picture: RgbPicture, box: Quad): Crop {
  const { width, height } = sizeOf(box);
  const quad = height >= 1.5 * width ? turn(box, 1) : box;
  return { quad, pixels: cutOut(picture, quad) };
}

/** Turns those crops over that the network takes for upside down with at least the given certainty. */
export async function turnUpright(
  crops: readonly Crop[],
  network: Network,
  certainty: number,
  clock: Stopwatch,
  signal?: AbortSignal,
): Promise<Crop[]> {
  const upright: Crop[] = [];
  for (let start = 0; start < crops.length; start += batch) {
    const some = crops.slice(start, start + batch);
    const input = await clock.time("resize", () => toTensor(some.map(shrink), inputWidth, inputHeight, symmetric));
    const { data } = await clock.time("direction", () => apply(network, input, signal));
    some.forEach((crop, i) => {
      const upsideDown = data[i * 2 + 1]! >= certainty;
      upright.push(upsideDown ? { quad: turn(crop.quad, 2), pixels: turnOver(crop.pixels) } : crop);
    });
  }
  return upright;
}

/** As high as the network's input; as wide as its proportions say, but not wider than the input. */
function shrink({ pixels }: Crop): RgbPicture {
  const width = Math.ceil((inputHeight * pixels.width) / pixels.height);
  return resize(pixels, Math.min(Math.max(width, 1), inputWidth), inputHeight);
}
