// And: C = A ∧ B.
import { binaryCases, binaryReference } from "./elementwise-references.js";
import { binary } from "./elementwise.js";
import { foldTruth } from "./folds.js";

export const operator = /* @__PURE__ */ binary("And", (a, b) => a.and(b), { fold: foldTruth((a, b) => a! && b!) });

export const doc = "A ∧ B with broadcasting.";
export const reference = /* @__PURE__ */ binaryReference((a, b) => a !== 0 && b !== 0);
export const cases = /* @__PURE__ */ binaryCases(["bool"]);
