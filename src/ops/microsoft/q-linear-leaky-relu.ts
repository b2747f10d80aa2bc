// QLinearLeakyRelu of com.microsoft: LeakyRelu of a tensor of 8 bits.
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { quantizedOperator } from "./quantized.js";
import { quantizedUnaryCases, quantizedUnaryReference } from "./quantized-elementwise.js";

export const operator: Operator = /* @__PURE__ */ quantizedOperator("QLinearLeakyRelu", {
  operands: ["X"],
  output: "Y",
  attributes: { alpha: { type: "float", default: 0.01 } },
  shape: ({ dims }) => dims.X!,
  real: (build, { X }, { alpha }) => build.node("LeakyRelu", [X], { alpha }),
});

export const doc: OperatorDoc = {
  summary: "X where X ≥ 0, else alpha · X, of a tensor of 8 bits",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;
export const reference = /* @__PURE__ */ quantizedUnaryReference((x, { alpha }) => (x >= 0 ? x : (alpha ?? 0.01) * x));
export const cases = (): readonly OperatorCase[] => quantizedUnaryCases(0.0417);
