// QLinearAdd of com.microsoft: the sum of two tensors of 8 bits, with broadcasting.
import { broadcastDims } from "../broadcast.js";
import { binaryReference } from "../elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { quantizedInput, quantizedOperator, quantizedParameters, quantizedReference } from "./quantized.js";

const operands = ["A", "B"] as const;
export const operator: Operator = /* @__PURE__ */ quantizedOperator("QLinearAdd", {
  operands,
  output: "C",
  shape: node => broadcastDims("QLinearAdd", node, operands),
  real: (build, { A, B }) => build.node("Add", [A, B]),
});

export const doc: OperatorDoc = {
  summary: "A + B of tensors of 8 bits, with broadcasting",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;

const real = /* @__PURE__ */ binaryReference((a, b) => a + b);
export const reference = /* @__PURE__ */ quantizedReference(operands, "C", ({ A, B }) => {
  return real({ A: A!, B: B! }, {}, { present: operands, opset: 14, outputCount: 1 }).C!;
});

const of = (dtype: "u8" | "i8", a: readonly number[], b: readonly number[], zero?: number): OperatorCase => ({
  name: `${dtype} ${a.join("×")} and ${b.join("×")}${zero === undefined ? ", no zero points" : ""}`,
  inputs: {
    ...quantizedInput("A", dtype, a, 0.0371, zero),
    ...quantizedInput("B", dtype, b, 0.0593, zero === undefined ? undefined : zero + 9),
    ...quantizedParameters("C", dtype, 0.0817, zero === undefined ? undefined : zero - 5),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("u8", [3, 17], [3, 17], 128),
  of("i8", [2, 3, 5], [5], 3),
  of("u8", [2, 3, 5], [3, 1], 100),
  of("i8", [7], [7]),
  of("u8", [0, 3], [3], 128),
];
