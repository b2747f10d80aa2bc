// Step 3: what does it say? One line at a time: a batch would pad all of its lines to the widest, which measured slower
// (1.9 × for six of mixed widths) and slightly less sure.
import { cropHeight } from "./crop.js";
import type { Decoded } from "./ctc.js";
import { decode } from "./ctc.js";
import { symmetric, toTensor } from "./input.js";
import type { Network } from "./network.js";
import { apply } from "./network.js";
import type { RgbPicture } from "./picture.js";
import type { Stopwatch } from "./stopwatch.js";

/** widths are padded to multiples of this: few different sizes make few memory plans */
const widthStep = 32;

/** The text of one upright crop. `alphabet`: see `alphabetOf`. */
export async function recognise(
  crop: RgbPicture,
  network: Network,
  alphabet: readonly string[],
  clock: Stopwatch,
  signal?: AbortSignal,
): Promise<Decoded> {
  const width = Math.ceil(crop.width / widthStep) * widthStep;
  const input = toTensor([crop], width, cropHeight, symmetric);
  const { dims, data } = await clock.time("recognition", () => apply(network, input, signal));
  const [, steps, classes] = dims;
  if (steps === undefined || classes !== alphabet.length) {
    throw new RangeError(`The recogniser knows ${classes} symbols, but the dictionary lists ${alphabet.length}`);
  }
  return clock.time("decoding", () => decode(data, steps, alphabet));
}
