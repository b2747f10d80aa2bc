// Greater: whether A > B.

import { binary } from "./elementwise.js";
import { binaryCases, binaryReference, numbers } from "./elementwise-references.js";
import { decideLess, foldCompare } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("Greater", (a, b) => a.gt(b), {
  result: "bool",
  fold: foldCompare((low, high) => decideLess(-high, -low)),
});

export const doc: OperatorDoc = {
  summary: "Whether A > B, with broadcasting",
  dtypes: "number",
  opsets: [1, 13],
};
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a > b,
  (a, b) => a > b,
  "bool",
);
export const cases = (): readonly OperatorCase[] => binaryCases(numbers);
