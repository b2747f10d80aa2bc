// Step 2: which way up? A small network says which lines stand on their head.
import type { Crop } from "./crop.js";
import { cropHeight } from "./crop.js";
import { turn } from "./geometry.js";
import { symmetric, toTensor } from "./input.js";
import type { Network } from "./network.js";
import { apply } from "./network.js";
import { turnOver } from "./picture.js";
import { resize } from "./resize.js";
import type { Stopwatch } from "./stopwatch.js";

/** wider crops are squeezed, narrower ones padded */
const inputWidth = 192;
/** crops in one run: all have the same size here */
const batch = 6;

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
    const shrunk = () => some.map(({ pixels }) => resize(pixels, Math.min(pixels.width, inputWidth), cropHeight));
    const input = await clock.time("resize", () => toTensor(shrunk(), inputWidth, cropHeight, symmetric));
    const { data } = await clock.time("direction", () => apply(network, input, signal));
    some.forEach((crop, i) => {
      const upsideDown = data[i * 2 + 1]! >= certainty;
      upright.push(upsideDown ? { quad: turn(crop.quad, 2), pixels: turnOver(crop.pixels) } : crop);
    });
  }
  return upright;
}
