// Equal: whether A = B.
import { binaryCases, binaryReference, numbers } from "./elementwise-references.js";
import { binary } from "./elementwise.js";
import { decideEqual, foldCompare } from "./folds.js";

export const operator = /* @__PURE__ */ binary("Equal", (a, b) => a.eq(b), {
  result: "bool",
  fold: foldCompare(decideEqual),
});

export const doc = "Whether A = B, with broadcasting.";
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a === b,
  (a, b) => a === b,
  "bool",
);
export const cases = /* @__PURE__ */ binaryCases([...numbers, "bool"]);
