// Step 3: what does it say? Crops 48 pixels high and as wide as their text, one at a time: a batch would have to pad all of
// them to the widest, which measured slower (1.9 × for six of mixed widths) and slightly less sure.
import { type Decoded, decode } from "./ctc.js";
import { symmetric, toTensor } from "./input.js";
import { apply, type Network } from "./network.js";
import type { RgbPicture } from "./picture.js";
import { resize } from "./resize.js";
import type { Stopwatch } from "./stopwatch.js";

const inputHeight = 48;
/** about 130 characters; longer lines are squeezed */
const maxWidth = 3200;
/** widths are padded to multiples of this: few different sizes make few memory plans */
const widthStep = 32;

/** The text of one upright line. `alphabet`: see `alphabetOf`. */
export async function recognise(
  crop: RgbPicture,
  network: Network,
  alphabet: readonly string[],
  clock: Stopwatch,
  signal?: AbortSignal,
): Promise<Decoded> {
  const width = Math.min(Math.max(1, Math.ceil((inputHeight * crop.width) / crop.height)), maxWidth);
  const padded = Math.ceil(width / widthStep) * widthStep;
  const input = await clock.time("resize", () =>
    toTensor([resize(crop, width, inputHeight)], padded, inputHeight, symmetric),
  );
  const { dims, data } = await clock.time("recognition", () => apply(network, input, signal));
  const [, steps, classes] = dims;
  if (steps === undefined || classes !== alphabet.length) {
    throw new RangeError(`The recogniser knows ${classes} symbols, but the dictionary lists ${alphabet.length}`);
  }
  return clock.time("decoding", () => decode(data, steps, alphabet));
}
