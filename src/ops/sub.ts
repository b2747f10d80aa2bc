// Sub: C = A − B; integers wrap around.

import { binaryDerivative } from "./derivatives.js";
import { binary } from "./elementwise.js";
import { binaryCases, binaryReference, numbers } from "./elementwise-references.js";
import { foldSub } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("Sub", (a, b) => a.sub(b), {
  fold: foldSub,
  derivative: /* @__PURE__ */ binaryDerivative(({ by }, { op }) => [by, op("Neg", by)]),
});

export const doc: OperatorDoc = {
  summary: "A − B with broadcasting",
  dtypes: "number",
  opsets: [1, 14],
};
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a - b,
  (a, b) => a - b,
);
export const cases = (): readonly OperatorCase[] => binaryCases(numbers);
