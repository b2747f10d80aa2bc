// QLinearReduceMean of com.microsoft: the mean over axes of a tensor of 8 bits.
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import { reference as mean } from "../reduce-mean.js";
import { exact, vectorOf } from "../reference-tensors.js";
import {
  quantizedInput,
  quantizedOperator,
  quantizedParameters,
  quantizedReference,
  reducedDims,
} from "./quantized.js";

const op = "QLinearReduceMean";

export const operator: Operator = /* @__PURE__ */ quantizedOperator(op, {
  operands: ["data"],
  output: "reduced",
  attributes: { axes: { type: "ints", required: true }, keepdims: { type: "int", required: true } },
  shape: node => reducedDims(op, node, node.dims.data!),
  real: (build, { data }, { axes, keepdims }) =>
    build.node("ReduceMean", [data, build.constant("i64", [axes.length], axes)], { keepdims }),
});

export const doc: OperatorDoc = {
  summary: "The mean over axes of a tensor of 8 bits",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;
export const reference = /* @__PURE__ */ quantizedReference(["data"], "reduced", ({ data }, { axes, keepdims }) => {
  const node = { present: ["data", "axes"], opset: 18, outputCount: 1 };
  return mean({ data: data!, axes: vectorOf("i64", axes) }, { keepdims }, node).reduced!;
});

const of = (dtype: "u8" | "i8", dims: readonly number[], axes: readonly number[], keepdims: number): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} over ${axes.join()}, keepdims ${keepdims}`,
  attributes: { axes, keepdims },
  inputs: {
    ...quantizedInput("data", dtype, dims, 0.0371, 7),
    ...quantizedParameters("reduced", dtype, 0.0213, 5),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("u8", [2, 5, 7, 9], [2, 3], 1),
  of("i8", [2, 5, 7], [-1], 0),
  of("u8", [3, 17], [0, 1], 1),
];
