// QLinearSigmoid of com.microsoft: Sigmoid of a tensor of 8 bits.
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { quantizedOperator } from "./quantized.js";
import { quantizedUnaryCases, quantizedUnaryReference } from "./quantized-elementwise.js";

export const operator: Operator = /* @__PURE__ */ quantizedOperator("QLinearSigmoid", {
  operands: ["X"],
  output: "Y",
  shape: ({ dims }) => dims.X!,
  real: (build, { X }) => build.node("Sigmoid", [X]),
});

export const doc: OperatorDoc = { summary: "sigmoid(X) of a tensor of 8 bits", dtypes: "u8 or i8", opsets: [1, 1] };
export const tolerance = exact;
export const reference = /* @__PURE__ */ quantizedUnaryReference(x => 1 / (1 + Math.exp(-x)));
export const cases = (): readonly OperatorCase[] => quantizedUnaryCases(0.00391);
