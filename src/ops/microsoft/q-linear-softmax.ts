// QLinearSoftmax of com.microsoft: Softmax of a tensor of 8 bits, by the rules of the opset that an attribute names.
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { operator as softmax, reference as softmaxReference } from "../softmax.js";
import { quantizedInput, quantizedOperator, quantizedParameters, quantizedReference } from "./quantized.js";
import { softmaxRows } from "./softmax-rows.js";

export const operator: Operator = /* @__PURE__ */ quantizedOperator("QLinearSoftmax", {
  operands: ["X"],
  output: "Y",
  attributes: { axis: { type: "int", default: -1 }, opset: { type: "int", required: true } },
  shape: node =>
    softmax.shape({ ...node, opset: node.attributes.opset as number, dims: { input: node.dims.X! } }).output!,
  real: (build, { X }, { axis, opset }) =>
    opset >= 13 ? build.node("Softmax", [X], { axis }) : softmaxRows(build, X!, axis),
});

export const doc: OperatorDoc = {
  summary: "Softmax of a tensor of 8 bits, by the rules of the opset that an attribute names",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;
export const reference = /* @__PURE__ */ quantizedReference(["X"], "Y", ({ X }, { axis = -1, opset }) => {
  return softmaxReference({ input: X! }, { axis }, { present: ["input"], opset, outputCount: 1 }).output!;
});

const of = (dtype: "u8" | "i8", dims: readonly number[], axis: number | undefined, opset: number): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} along ${axis}, opset ${opset}`,
  attributes: { ...(axis === undefined ? {} : { axis }), opset },
  inputs: {
    ...quantizedInput("X", dtype, dims, 0.0371, dtype === "u8" ? 128 : 3),
    ...quantizedParameters("Y", dtype, 1 / 256, dtype === "u8" ? 0 : -128),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("u8", [3, 17], -1, 13),
  of("i8", [2, 3, 5], 1, 13),
  of("u8", [2, 3, 5], 1, 12),
  of("i8", [2, 3, 5], undefined, 13),
  of("u8", [2, 3, 5], undefined, 12),
];
