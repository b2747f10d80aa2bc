// MelWeightMatrix: triangles over the bins of a spectrum, evenly spaced on the mel scale. All inputs are numbers, so the matrix is a constant.
import { Poly } from "../ir/poly.js";
import { requiredNumber } from "./known-values.js";
import { dtypeOfOnnx, onnxDtypes } from "./onnx-dtypes.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { numbersOf } from "./reference-tensors.js";

const inputs = ["num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz", "upper_edge_hertz"] as const;

const numbers = (node: NodeInfo): Record<(typeof inputs)[number], number> =>
  Object.fromEntries(inputs.map(name => [name, requiredNumber("MelWeightMatrix", node, name)])) as Record<
    (typeof inputs)[number],
    number
  >;
const rowsOf = (dftLength: number): number => Math.floor(dftLength / 2) + 1;

export const operator: Operator = {
  name: "MelWeightMatrix",
  inputs,
  outputs: ["output"],
  attributes: { output_datatype: { type: "int", default: 1 } },
  content: inputs,
  dtypes: node => ({ output: dtypeOfOnnx("MelWeightMatrix", node, node.attributes.output_datatype) }),
  shape: node => {
    const { num_mel_bins, dft_length } = numbers(node);
    return { output: [Poly.int(rowsOf(dft_length)), Poly.int(num_mel_bins)] };
  },
  expand: (node, build) => {
    const { num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz } = numbers(node);
    const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
    const low = mel(lower_edge_hertz);
    const step = (mel(upper_edge_hertz) - low) / (num_mel_bins + 2);
    const bin = (k: number): number =>
      Math.floor(((dft_length + 1) * 700 * (10 ** ((low + k * step) / 2595) - 1)) / sample_rate);
    const rows = rowsOf(dft_length);
    const data = Array.from({ length: rows * num_mel_bins }, (_, at) => {
      const [row, k] = [Math.floor(at / num_mel_bins), at % num_mel_bins];
      return triangle(row, bin(k), bin(k + 1), bin(k + 2));
    });
    const dtype = dtypeOfOnnx("MelWeightMatrix", node, node.attributes.output_datatype);
    return { output: build.constant(dtype, [rows, num_mel_bins], data) };
  },
};

/** 1 at the peak, 0 at both feet */
function triangle(x: number, left: number, peak: number, right: number): number {
  if (x === peak) return 1;
  if (x > peak) return x < right ? (right - x) / (right - peak) : 0;
  return x > left ? (x - left) / (peak - left) : 0;
}

export const doc: OperatorDoc = {
  summary: "Triangles over the bins of a spectrum, evenly spaced on the mel scale",
  dtypes: "number",
  opsets: [17, 17],
  limits: "all inputs must be known at compile time",
};
export const tolerance: Tolerance = { relative: 1, absolute: 0 };

/** Written by the loops of the specification. */
export const reference: Reference = (given, { output_datatype = 1 }) => {
  const [bins, length, rate, lower, upper] = inputs.map(name => numbersOf(given[name]!)[0]!) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const [low, high] = [lower, upper].map(hertz => 2595 * Math.log10(1 + hertz / 700)) as [number, number];
  const points = Array.from({ length: bins + 2 }, (_, k) => {
    const hertz = 700 * (10 ** ((k * ((high - low) / (bins + 2)) + low) / 2595) - 1);
    return Math.floor(((length + 1) * hertz) / rate);
  });
  const data = new Array<number>(rowsOf(length) * bins).fill(0);
  const set = (row: number, k: number, x: number): void => {
    if (row * bins + k < data.length) data[row * bins + k] = x;
  };
  for (let k = 0; k < bins; k++) {
    const [left, peak, right] = points.slice(k, k + 3) as [number, number, number];
    if (peak === left) set(peak, k, 1);
    else for (let j = left; j <= peak; j++) set(j, k, (j - left) / (peak - left));
    for (let j = peak; j < right; j++) set(j, k, (right - j) / (right - peak));
  }
  return { output: { dtype: onnxDtypes[output_datatype]!, dims: [rowsOf(length), bins], data } };
};

const of = (bins: number, length: number, rate: number, lower: number, upper: number, more = {}): OperatorCase => ({
  name: `${bins} of ${length} at ${rate}`,
  attributes: more,
  inputs: {
    num_mel_bins: { dtype: "i32", dims: [], data: [bins] },
    dft_length: { dtype: "i32", dims: [], data: [length] },
    sample_rate: { dtype: "i32", dims: [], data: [rate] },
    lower_edge_hertz: { dtype: "f32", dims: [], data: [lower] },
    upper_edge_hertz: { dtype: "f32", dims: [], data: [upper] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  of(8, 16, 8192, 0, 4096),
  of(40, 400, 16000, 20, 8000),
  of(3, 64, 22050, 100, 11000, { output_datatype: 11 }),
];
