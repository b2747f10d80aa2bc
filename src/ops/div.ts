// Div: C = A / B; integers are divided towards zero.

import { binaryDerivative } from "./derivatives.js";
import { binary } from "./elementwise.js";
import { binaryCases, binaryReference, signed, unsigned } from "./elementwise-references.js";
import { foldDiv } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("Div", (a, b) => a.div(b), {
  fold: foldDiv,
  derivative: /* @__PURE__ */ binaryDerivative(({ b, y, by }, { op }) => {
    const share = op("Div", by, b);
    return [share, op("Neg", op("Mul", share, y))];
  }),
});

export const doc: OperatorDoc = {
  summary: "A / B with broadcasting; integers are divided towards zero",
  dtypes: "number",
  opsets: [1, 14],
};
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a / b,
  (a, b) => (b === 0n ? 0n : a / b),
);
export const cases = (): readonly OperatorCase[] => [
  ...binaryCases(signed, [
    [-100, 100],
    [1, 20],
  ]),
  ...binaryCases(unsigned, [
    [0, 100],
    [1, 20],
  ]),
];
