// LessOrEqual: whether A ≤ B.

import { binary } from "./elementwise.js";
import { binaryCases, binaryReference, numbers } from "./elementwise-references.js";
import { decideAtMost, foldCompare } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("LessOrEqual", (a, b) => a.le(b), {
  result: "bool",
  fold: foldCompare(decideAtMost),
});

export const doc: OperatorDoc = {
  summary: "Whether A ≤ B, with broadcasting",
  dtypes: "number",
  opsets: [12, 16],
};
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a <= b,
  (a, b) => a <= b,
  "bool",
);
export const cases = (): readonly OperatorCase[] => binaryCases(numbers);
