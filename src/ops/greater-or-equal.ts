// GreaterOrEqual: whether A ≥ B.
import { binaryCases, binaryReference, numbers } from "./elementwise-references.js";
import { binary } from "./elementwise.js";
import { decideAtMost, foldCompare } from "./folds.js";

export const operator = /* @__PURE__ */ binary("GreaterOrEqual", (a, b) => a.ge(b), {
  result: "bool",
  fold: foldCompare((low, high) => decideAtMost(-high, -low)),
});

export const doc = "Whether A ≥ B, with broadcasting.";
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a >= b,
  (a, b) => a >= b,
  "bool",
);
export const cases = /* @__PURE__ */ binaryCases(numbers);
