// QLinearSigmoid of com.microsoft: Sigmoid of a tensor of 8 bits.
import { unaryReference } from "../elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { quantizedInput, quantizedOperator, quantizedParameters, quantizedReference } from "./quantized.js";

export const operator: Operator = /* @__PURE__ */ quantizedOperator("QLinearSigmoid", {
  operands: ["X"],
  output: "Y",
  shape: ({ dims }) => dims.X!,
  real: (build, { X }) => build.node("Sigmoid", [X]),
});

export const doc: OperatorDoc = { summary: "sigmoid(X) of a tensor of 8 bits", dtypes: "u8 or i8", opsets: [1, 1] };
export const tolerance = exact;

const real = /* @__PURE__ */ unaryReference(x => 1 / (1 + Math.exp(-x)));
export const reference = /* @__PURE__ */ quantizedReference(["X"], "Y", ({ X }, attributes) => {
  return real({ X: X! }, attributes, { present: ["X"], opset: 14, outputCount: 1 }).Y!;
});

const of = (dtype: "u8" | "i8", dims: readonly number[], zero?: number): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}${zero === undefined ? ", no zero points" : ""}`,
  inputs: {
    ...quantizedInput("X", dtype, dims, 0.0371, zero),
    ...quantizedParameters("Y", dtype, 0.00391, zero === undefined ? undefined : zero - 5),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("u8", [3, 17], 128),
  of("i8", [2, 3, 5], 3),
  of("i8", [7]),
  of("u8", [0, 3], 128),
];
