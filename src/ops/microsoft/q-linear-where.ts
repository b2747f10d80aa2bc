// QLinearWhere of com.microsoft: elements of one or the other tensor of 8 bits, with broadcasting.
import { broadcastDims } from "../broadcast.js";
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { reference as where } from "../where.js";
import { quantizedInput, quantizedOperator, quantizedParameters, quantizedReference } from "./quantized.js";

const operands = ["X", "Y"] as const;
export const operator: Operator = /* @__PURE__ */ quantizedOperator("QLinearWhere", {
  plain: ["condition"],
  operands,
  output: "Z",
  shape: node => broadcastDims("QLinearWhere", node, ["condition", ...operands]),
  real: (build, { condition, X, Y }) => build.node("Where", [condition, X, Y]),
});

export const doc: OperatorDoc = {
  summary: "X where the condition is true, else Y, tensors of 8 bits, with broadcasting",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;
export const reference = /* @__PURE__ */ quantizedReference(operands, "Z", ({ condition, X, Y }) => {
  const node = { present: ["condition", ...operands], opset: 16, outputCount: 1 };
  return where({ condition: condition!, X: X!, Y: Y! }, {}, node).output!;
});

const of = (dtype: "u8" | "i8", c: readonly number[], x: readonly number[], y: readonly number[]): OperatorCase => ({
  name: `${dtype} ${[c, x, y].map(d => d.join("×")).join(", ")}`,
  inputs: {
    condition: { dtype: "bool", dims: c },
    ...quantizedInput("X", dtype, x, 0.0371, 3),
    ...quantizedInput("Y", dtype, y, 0.0593, 12),
    ...quantizedParameters("Z", dtype, 0.0817, 7),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("u8", [3, 17], [3, 17], [3, 17]),
  of("i8", [3, 1], [17], [2, 3, 17]),
  of("u8", [0, 3], [3], [1]),
];
