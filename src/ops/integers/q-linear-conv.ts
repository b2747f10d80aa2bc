// QLinearConv: the convolution of quantised tensors, quantised again. Sums are exact in i32; one scale, in f32, takes them to the result.
import type { Dtype } from "../../ir/dtypes.js";
import { requireEntries } from "../broadcast.js";
import { channelReader, integerConvolutionReference } from "./integer-product-references.js";
import {
  checkConvolutionParameter,
  integerConvolution,
  integerConvolutionDims,
  outputParameter,
} from "./integer-products.js";
import type { Attributes, CaseInput, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { quantized, quantizedReference, rounded } from "./quantization.js";
import { exact, numbersOf, sizeOf } from "../reference-tensors.js";
import { windowAttributes } from "../window.js";

const name = "QLinearConv";

export const operator: Operator = {
  name,
  inputs: ["x", "x_scale", "x_zero_point", "w", "w_scale", "w_zero_point", "y_scale", "y_zero_point", "B?"],
  outputs: ["y"],
  prefers: "channels-last",
  attributes: { ...windowAttributes, group: { type: "int", default: 1 } },
  dtypes: node => ({ y: node.dtypes.y_zero_point! }),
  shape: node => {
    const y = integerConvolutionDims(name, node);
    for (const p of ["x_scale", "x_zero_point", "y_scale", "y_zero_point"])
      checkConvolutionParameter(name, node, p, false);
    for (const p of ["w_scale", "w_zero_point"]) checkConvolutionParameter(name, node, p, true);
    requireEntries(name, node, "B", { input: "w", what: "outputs", count: node.dims.w![0]! });
    return { y };
  },
  at: context => {
    const { inputs, dtypes } = context;
    return {
      y: (...i) => {
        const of = (p: string) => outputParameter(context, p, i[1]!);
        const sum = integerConvolution(name, context, i);
        const whole = inputs.B ? sum.add(inputs.B.at(i[1]!)) : sum;
        const scale = rounded(rounded(of("x_scale").mul(of("w_scale"))).div(of("y_scale")));
        return quantized(rounded(whole.cast("f32")).mul(scale), of("y_zero_point"), dtypes.y_zero_point!);
      },
    };
  },
};

export const reference: Reference = (inputs, attributes) => {
  const { x_scale, w_scale, y_scale, y_zero_point } = inputs;
  const sums = integerConvolutionReference(inputs, attributes);
  const dtype = y_zero_point!.dtype;
  const [scaleX, scaleW, scaleY] = [x_scale, w_scale, y_scale].map(channelReader) as [
    (k: number) => number,
    (k: number) => number,
    (k: number) => number,
  ];
  const zero = channelReader(y_zero_point)(0);
  const inChannel = sizeOf(sums.dims.slice(2));
  // each step in f32, whose rounding decides ties
  const data = numbersOf(sums).map((sum, at) => {
    const k = Math.floor(at / inChannel) % sums.dims[1]!;
    const scale = Math.fround(Math.fround(scaleX(k) * scaleW(k)) / scaleY(k));
    return quantizedReference(Math.fround(Math.fround(sum) * scale), zero, dtype);
  });
  return { y: { dtype, dims: sums.dims, data } };
};

const full = (dtype: Dtype, dims: readonly number[]): CaseInput => ({
  dtype,
  dims,
  range: dtype === "u8" ? [0, 255] : [-128, 127],
});
const scale = (dims: readonly number[], of: number): CaseInput => ({ dtype: "f32", dims, range: [of, 3 * of] });
const of = (
  title: string,
  dtypes: readonly [Dtype, Dtype, Dtype],
  [x, w]: readonly [readonly number[], readonly number[]],
  attributes: Attributes = {},
  perOutput = false,
): OperatorCase => ({
  name: title,
  attributes,
  inputs: {
    x: full(dtypes[0], x),
    x_scale: scale([], 0.01),
    x_zero_point: full(dtypes[0], []),
    w: full(dtypes[1], w),
    w_scale: scale(perOutput ? [w[0]!] : [], 0.01),
    w_zero_point: full(dtypes[1], perOutput ? [w[0]!] : []),
    y_scale: scale([], 0.2),
    y_zero_point: full(dtypes[2], []),
    B: { dtype: "i32", dims: [w[0]!], range: [-3000, 3000] },
  },
});
const sizes = [
  [1, 3, 7, 11],
  [5, 3, 3, 3],
] as const;
const padded = { pads: [1, 1, 1, 1] };
export const cases = (): readonly OperatorCase[] => [
  of("u8", ["u8", "u8", "u8"], sizes, padded),
  of("i8", ["i8", "i8", "i8"], sizes, padded),
  of(
    "u8 with i8 filters that have scales of their own",
    ["u8", "i8", "u8"],
    sizes,
    { ...padded, strides: [2, 2] },
    true,
  ),
  of(
    "depthwise",
    ["u8", "i8", "u8"],
    [
      [1, 5, 7, 9],
      [5, 1, 3, 3],
    ],
    { ...padded, group: 5 },
    true,
  ),
  of(
    "1×1",
    ["u8", "u8", "u8"],
    [
      [2, 7, 5, 3],
      [4, 7, 1, 1],
    ],
  ),
  of(
    "one dim",
    ["i8", "i8", "i8"],
    [
      [1, 2, 17],
      [3, 2, 4],
    ],
    { auto_pad: "SAME_UPPER" },
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary:
    "The convolution of quantised tensors, quantised: sums in i32, then one product with x_scale · w_scale / y_scale in f32, rounded to nearest even",
  dtypes: "i8 and u8",
  opsets: [10, 10],
};
