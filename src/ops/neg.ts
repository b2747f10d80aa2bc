// Neg: Y = −X.

import { unaryDerivative } from "./derivatives.js";
import { unary } from "./elementwise.js";
import { signed, unaryCases, unaryReference } from "./elementwise-references.js";
import { foldNeg } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Neg", x => x.neg(), {
  fold: foldNeg,
  derivative: /* @__PURE__ */ unaryDerivative(["X", "Y"], ({ by }, { op }) => op("Neg", by)),
});

export const doc: OperatorDoc = {
  summary: "−X",
  dtypes: "number",
  opsets: [1, 13],
};
export const reference = /* @__PURE__ */ unaryReference(
  x => -x,
  x => -x!,
);
export const cases = (): readonly OperatorCase[] => unaryCases(signed);
