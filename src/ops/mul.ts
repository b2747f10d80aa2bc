// Mul: C = A · B; integers wrap around.

import { binaryDerivative } from "./derivatives.js";
import { binary } from "./elementwise.js";
import { binaryCases, binaryReference, numbers } from "./elementwise-references.js";
import { foldMul } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("Mul", (a, b) => a.mul(b), {
  fold: foldMul,
  derivative: /* @__PURE__ */ binaryDerivative(({ a, b, by }, { op }) => [op("Mul", by, b), op("Mul", by, a)]),
});

export const doc: OperatorDoc = {
  summary: "A · B with broadcasting",
  dtypes: "number",
  opsets: [1, 14],
};
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a * b,
  (a, b) => a * b,
);
export const cases = (): readonly OperatorCase[] => binaryCases(numbers);
