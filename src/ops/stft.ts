// STFT: the Fourier transforms of overlapping pieces of a signal.
import type { Dims } from "../graph/graph.js";
import { opaque, Poly } from "../ir/poly.js";
import { printDims, refuse } from "./checks.js";
import { transform } from "./dft.js";
import { requiredNumber, requiredNumbers } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, numbersOf, tabulate } from "./reference-tensors.js";

/** Length and distance of the pieces, and how many of a piece's frequencies are wanted. */
function framesOf(node: NodeInfo): { readonly length: number; readonly step: number; readonly bins: number } {
  const { signal, window, frame_length } = node.dims;
  if (signal!.length !== 3 || !signal![2]!.isConst || ![1, 2].includes(signal![2]!.constant))
    refuse(
      "shape",
      "STFT",
      node,
      `signal of ${printDims(signal!)} must be batch×length×1, or batch×length×2 with real and imaginary parts; add dims`,
    );
  const given = frame_length ? requiredNumbers("STFT", node, "frame_length")[0] : undefined;
  const own = window?.[0];
  if (own && !own.isConst)
    refuse("operator-unsupported", "STFT", node, `window of ${own.print()} must have its size in numbers; fix the dim`);
  const length = given ?? own?.constant;
  if (length === undefined)
    refuse("graph-invalid", "STFT", node, "there is neither window nor frame_length; give one of them");
  if (!(length > 0))
    refuse("shape", "STFT", node, `frames have ${length} elements; give a window or a frame_length of at least 1`);
  if (own && own.constant !== length)
    refuse("shape", "STFT", node, `window has ${own.constant} elements and frames ${length}; they must agree`);
  const step = requiredNumber("STFT", node, "frame_step");
  if (!(step > 0)) refuse("operator-attribute", "STFT", node, `frame_step ${step} must be at least 1; use 1 or more`);
  return { length, step, bins: isOnesided(node) ? Math.floor(length / 2) + 1 : length };
}
const isOnesided = (node: NodeInfo): boolean => node.attributes.onesided === 1;

export const operator: Operator = {
  name: "STFT",
  inputs: ["signal", "frame_step", "window?", "frame_length?"],
  outputs: ["output"],
  attributes: { onesided: { type: "int", default: 1 } },
  content: ["frame_step", "frame_length"],
  shape: node => {
    const { length, step, bins } = framesOf(node);
    const [batch, size] = node.dims.signal as Dims;
    const frames = opaque("div", size!.sub(length), Poly.int(step)).add(1);
    return { output: [batch!, frames, Poly.int(bins), Poly.int(2)] };
  },
  expand: (node, build) => {
    const { length, step } = framesOf(node);
    const { signal, window } = node.inputs;
    const value = build.node("Frame", [signal, window], { length, step }, "azulejo");
    const parts = node.dims.signal![2]!.constant;
    const frames = { value, lead: 2, taken: length, length, parts, dtype: node.dtypes.signal! };
    return { output: transform(build, frames, false, isOnesided(node)) };
  },
};

export const doc: OperatorDoc = {
  summary: "The Fourier transforms of overlapping pieces of a signal, weighed by a window",
  dtypes: "float",
  opsets: [17, 17],
  limits: "frame_step and the length of frames must be numbers at compile time",
};
export const tolerance: Tolerance = { relative: 8, absolute: 64 };

export const reference: Reference = ({ signal, frame_step, window, frame_length }, { onesided = 1 }) => {
  const [batch, size, parts] = signal!.dims as [number, number, number];
  const length = frame_length ? numbersOf(frame_length)[0]! : window!.dims[0]!;
  const step = numbersOf(frame_step!)[0]!;
  const read = elements(signal!);
  const frames = Math.floor((size - length) / step) + 1;
  const bins = onesided === 1 ? Math.floor(length / 2) + 1 : length;
  const output = tabulate(signal!.dtype, [batch, frames, bins, 2], ([b, f, k, c]) => {
    let sum = 0;
    for (let n = 0; n < length; n++) {
      const angle = (-2 * Math.PI * ((n * k!) % length)) / length;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const at = (p: number): number => Number(read([b!, f! * step + n, p])) * Number(window?.data[n] ?? 1);
      const imaginary = parts === 2 ? at(1) : 0;
      sum += c === 0 ? at(0) * cos - imaginary * sin : at(0) * sin + imaginary * cos;
    }
    return sum;
  });
  return { output };
};

const of = (
  name: string,
  dims: readonly number[],
  step: number,
  more: { readonly length?: number; readonly window?: number; readonly onesided?: number },
): OperatorCase => ({
  name,
  attributes: more.onesided === undefined ? {} : { onesided: more.onesided },
  inputs: {
    signal: { dtype: "f32", dims },
    frame_step: { dtype: "i64", dims: [], data: [step] },
    ...(more.window ? { window: { dtype: "f32", dims: [more.window], constant: true } } : {}),
    ...(more.length ? { frame_length: { dtype: "i64", dims: [], data: [more.length] } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("frames", [1, 128, 1], 8, { length: 16 }),
  of("windowed", [3, 33, 1], 5, { window: 11 }),
  of("complex", [2, 17, 2], 4, { window: 7, length: 7, onesided: 0 }),
  of("long frames", [1, 700, 1], 100, { length: 400 }),
  of("one frame", [1, 9, 1], 1, { length: 9 }),
];
