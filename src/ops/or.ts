// Or: C = A ∨ B.

import { binary } from "./elementwise.js";
import { binaryCases, binaryReference } from "./elementwise-references.js";
import { foldTruth } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("Or", (a, b) => a.or(b), { fold: foldTruth((a, b) => a! || b!) });

export const doc: OperatorDoc = {
  summary: "A ∨ B with broadcasting",
  dtypes: "bool",
  opsets: [1, 7],
};
export const reference = /* @__PURE__ */ binaryReference((a, b) => a !== 0 || b !== 0);
export const cases = (): readonly OperatorCase[] => binaryCases(["bool"]);
