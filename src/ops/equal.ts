// Equal: whether A = B.

import { binary } from "./elementwise.js";
import { binaryCases, binaryReference, numbers } from "./elementwise-references.js";
import { decideEqual, foldCompare } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("Equal", (a, b) => a.eq(b), {
  result: "bool",
  text: true,
  fold: foldCompare(decideEqual),
});

export const doc: OperatorDoc = {
  summary: "Whether A = B, with broadcasting",
  dtypes: "number or bool",
  opsets: [1, 19],
};
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a === b,
  (a, b) => a === b,
  "bool",
);
export const cases = (): readonly OperatorCase[] => binaryCases([...numbers, "bool"]);
