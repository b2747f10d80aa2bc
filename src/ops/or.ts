// Or: C = A ∨ B.
import { binaryCases, binaryReference } from "./elementwise-references.js";
import { binary } from "./elementwise.js";
import { foldTruth } from "./folds.js";
import type { OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("Or", (a, b) => a.or(b), { fold: foldTruth((a, b) => a! || b!) });

export const doc: OperatorDoc = {
  summary: "A ∨ B with broadcasting",
  dtypes: "bool",
  opsets: [1, 7],
};
export const reference = /* @__PURE__ */ binaryReference((a, b) => a !== 0 || b !== 0);
export const cases = /* @__PURE__ */ binaryCases(["bool"]);
