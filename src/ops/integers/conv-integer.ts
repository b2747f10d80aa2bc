// ConvInteger: the convolution of 8-bit integers less their zero points, in i32.
import type { Dtype } from "../../ir/dtypes.js";
import { integerConvolutionReference } from "./integer-product-references.js";
import { checkConvolutionParameter, integerConvolution, integerConvolutionDims } from "./integer-products.js";
import type { Attributes, CaseInput, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { windowAttributes } from "../window.js";

const name = "ConvInteger";

export const operator: Operator = {
  name,
  inputs: ["x", "w", "x_zero_point?", "w_zero_point?"],
  outputs: ["y"],
  prefers: "channels-last",
  attributes: { ...windowAttributes, group: { type: "int", default: 1 } },
  dtypes: () => ({ y: "i32" }),
  shape: node => {
    const y = integerConvolutionDims(name, node);
    checkConvolutionParameter(name, node, "x_zero_point", false);
    checkConvolutionParameter(name, node, "w_zero_point", true);
    return { y };
  },
  at: context => ({ y: (...i) => integerConvolution(name, context, i) }),
};

export const reference: Reference = (inputs, attributes) => ({ y: integerConvolutionReference(inputs, attributes) });

const full = (dtype: Dtype, dims: readonly number[]): CaseInput => ({
  dtype,
  dims,
  range: dtype === "u8" ? [0, 255] : [-128, 127],
});
const of = (
  title: string,
  x: readonly number[],
  w: readonly number[],
  attributes: Attributes = {},
  more: Readonly<Record<string, CaseInput>> = {},
): OperatorCase => ({ name: title, attributes, inputs: { x: full("u8", x), w: full("i8", w), ...more } });
const padded = { pads: [1, 1, 1, 1] };
export const cases = (): readonly OperatorCase[] => [
  of("padded with a zero point", [1, 3, 7, 11], [5, 3, 3, 3], padded, { x_zero_point: full("u8", []) }),
  of("padded with a known zero point", [1, 3, 7, 11], [5, 3, 3, 3], padded, {
    x_zero_point: { dtype: "u8", dims: [], data: [131], constant: true },
    w_zero_point: full("i8", []),
  }),
  of(
    "a zero point for each output",
    [2, 4, 5, 6],
    [6, 2, 3, 2],
    { group: 2, strides: [2, 1] },
    { w_zero_point: full("i8", [6]) },
  ),
  of("depthwise", [1, 5, 7, 9], [5, 1, 3, 3], { ...padded, group: 5 }, { x_zero_point: full("u8", [1]) }),
  of("1×1", [1, 7, 5, 3], [4, 7, 1, 1]),
  of("one dim", [1, 2, 17], [3, 2, 4], { pads: [2, 1], dilations: [2] }, { x_zero_point: full("u8", []) }),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary:
    "The convolution of x less x_zero_point with w less w_zero_point, added up in i32; the padding is x_zero_point",
  dtypes: "i8 and u8",
  opsets: [10, 10],
};
