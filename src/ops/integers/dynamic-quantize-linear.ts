// DynamicQuantizeLinear: a tensor as u8, with the scale and zero point that its own range asks for.
import type { AnyTile } from "../../tile/index.js";
import { where } from "../../tile/index.js";
import type { KernelContext, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { halfToEven, quantized, quantizedReference, rounded } from "./quantization.js";
import { numbersOf } from "../reference-tensors.js";

const LARGEST = 255;

/** The range is widened to hold 0; where it holds nothing else, the scale is 1. */
function parameters({ inputs }: KernelContext): { scale: AnyTile; zero: AnyTile } {
  const X = inputs.x!;
  const over = X.dims.map((d, j) => d.all(`r${j}`));
  const x = X.at(...over);
  const high = (over.length ? x.max(...over) : x).maximum(0);
  const low = (over.length ? x.min(...over) : x).minimum(0);
  const scale = rounded(where(high.eq(low), 1, rounded(high.sub(low)).div(LARGEST)));
  return { scale, zero: rounded(low.neg().div(scale)).minimum(LARGEST).maximum(0).round() };
}

export const operator: Operator = {
  name: "DynamicQuantizeLinear",
  inputs: ["x"],
  outputs: ["y", "y_scale", "y_zero_point"],
  dtypes: () => ({ y: "u8", y_scale: "f32", y_zero_point: "u8" }),
  shape: ({ dims }) => ({ y: dims.x!, y_scale: [], y_zero_point: [] }),
  at: context => ({
    y: (...i) => {
      const { scale, zero } = parameters(context);
      return quantized(context.inputs.x!.at(...i).div(scale), zero, "u8");
    },
    y_scale: () => parameters(context).scale,
    y_zero_point: () => parameters(context).zero.cast("u8"),
  }),
};

export const reference: Reference = ({ x }) => {
  const data = numbersOf(x!);
  const high = data.reduce((m, v) => Math.max(m, v), 0);
  const low = data.reduce((m, v) => Math.min(m, v), 0);
  // in the arithmetic of f32, which decides what is rounded up
  const scale = high === low ? 1 : Math.fround(Math.fround(high - low) / LARGEST);
  const zero = halfToEven(Math.min(Math.max(Math.fround(-low / scale), 0), LARGEST));
  const y = data.map(v => quantizedReference(Math.fround(v / scale), zero, "u8"));
  return {
    y: { dtype: "u8", dims: x!.dims, data: y },
    y_scale: { dtype: "f32", dims: [], data: [scale] },
    y_zero_point: { dtype: "u8", dims: [], data: [zero] },
  };
};

export const cases = (): readonly OperatorCase[] => [
  { name: "both signs", inputs: { x: { dtype: "f32", dims: [3, 17] } } },
  { name: "positive", inputs: { x: { dtype: "f32", dims: [2, 3, 5], range: [1, 9] } } },
  { name: "negative", inputs: { x: { dtype: "f32", dims: [31], range: [-9, -1] } } },
  { name: "zeros", inputs: { x: { dtype: "f32", dims: [4], data: [0, 0, -0, 0] } } },
  { name: "a scalar", inputs: { x: { dtype: "f32", dims: [], data: [-3.5] } } },
  { name: "one element", inputs: { x: { dtype: "f32", dims: [1, 1], data: [7] } } },
];

/** the scale is a quotient of f32, as it is here */
export const tolerance = { relative: 1, absolute: 0 };

export const doc: OperatorDoc = {
  summary: "x as u8, with the scale and the zero point that the range of x asks for",
  dtypes: "f32",
  opsets: [11, 11],
};
