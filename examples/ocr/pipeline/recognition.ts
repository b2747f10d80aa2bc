// Step 3: what does it say? Crops 48 pixels high and as wide as their text, in batches of about the same width.
import { type Decoded, decode } from "./ctc.js";
import { symmetric, toTensor } from "./input.js";
import { apply, type Network } from "./network.js";
import { type RgbPicture } from "./picture.js";
import { resize } from "./resize.js";
import { type Stopwatch } from "./stopwatch.js";

const inputHeight = 48;
/** about 130 characters; longer lines are squeezed */
const maxWidth = 3200;

export interface RecognitionOptions {
  readonly batch: number;
  readonly signal?: AbortSignal;
  /** called after each batch with the number of crops read so far */
  readonly onRead?: (count: number) => void;
}

/** The text of each crop, in the crops' order. `alphabet`: see `alphabetOf`. */
export async function recognise(
  crops: readonly RgbPicture[],
  network: Network,
  alphabet: readonly string[],
  options: RecognitionOptions,
  clock: Stopwatch,
): Promise<Decoded[]> {
  const results = new Array<Decoded>(crops.length);
  const byWidth = crops.map((_, i) => i).sort((a, b) => widthOf(crops[a]!) - widthOf(crops[b]!));
  for (let start = 0; start < byWidth.length; start += options.batch) {
    const some = byWidth.slice(start, start + options.batch);
    const width = roundUp(widthOf(crops[some.at(-1)!]!), 32); // few different widths: few memory plans
    const shrunk = () => some.map(i => resize(crops[i]!, widthOf(crops[i]!), inputHeight));
    const input = await clock.time("resize", () => toTensor(shrunk(), width, inputHeight, symmetric));
    const { dims, data } = await clock.time("recognition", () => apply(network, input, options.signal));
    const [, steps, classes] = dims;
    if (steps === undefined || classes !== alphabet.length) {
      throw new RangeError(`The recogniser knows ${classes} symbols, but the dictionary lists ${alphabet.length}`);
    }
    const row = steps * classes;
    await clock.time("decoding", () => {
      some.forEach((crop, i) => (results[crop] = decode(data.subarray(i * row, (i + 1) * row), steps, alphabet)));
    });
    options.onRead?.(start + some.length);
  }
  return results;
}

function widthOf({ width, height }: RgbPicture): number {
  return Math.min(Math.max(1, Math.ceil((inputHeight * width) / height)), maxWidth);
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
