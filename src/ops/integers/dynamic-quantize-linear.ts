// DynamicQuantizeLinear: a tensor as u8, with the scale and zero point that its own range asks for. The range is known before the first element is
// quantised, in kernels of its own: blocks of one kernel would each look for it.
import type { Value } from "../../graph/graph.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { quantizedReference } from "./quantization.js";
import { reference as parametersOf } from "./range-parameters.js";

export const operator: Operator = {
  name: "DynamicQuantizeLinear",
  inputs: ["x"],
  outputs: ["y", "y_scale", "y_zero_point"],
  dtypes: () => ({ y: "u8", y_scale: "f32", y_zero_point: "u8" }),
  shape: ({ dims }) => ({ y: dims.x!, y_scale: [], y_zero_point: [] }),
  expand: ({ inputs: { x } }, build) => {
    const end = (op: string) => build.node(op, [x], { keepdims: 0 });
    const range = [end("ReduceMin"), end("ReduceMax")];
    const [y_scale, y_zero_point] = build.several("RangeParameters", 2, range, {}, "azulejo") as [Value, Value];
    return { y: build.node("QuantizeLinear", [x, y_scale, y_zero_point]), y_scale, y_zero_point };
  },
};

export const reference: Reference = ({ x }, _, node) => {
  const data = numbersOf(x!);
  const scalar = (data: number) => ({ dtype: "f32" as const, dims: [], data: [data] });
  const low = data.reduce((m, v) => Math.min(m, v), 0);
  const high = data.reduce((m, v) => Math.max(m, v), 0);
  const { scale: y_scale, zero_point: y_zero_point } = parametersOf({ low: scalar(low), high: scalar(high) }, {}, node);
  const [scale, zero] = [y_scale, y_zero_point].map(p => numbersOf(p!)[0]!) as [number, number];
  const y = data.map(v => quantizedReference(Math.fround(v / scale), zero, "u8"));
  return { y: { dtype: "u8", dims: x!.dims, data: y }, y_scale: y_scale!, y_zero_point: y_zero_point! };
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
