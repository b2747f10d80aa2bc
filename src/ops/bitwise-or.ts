// BitwiseOr: C = A | B.
import { binaryCases, binaryReference, integers } from "./elementwise-references.js";
import { binary } from "./elementwise.js";

export const operator = /* @__PURE__ */ binary("BitwiseOr", (a, b) => a.or(b));

export const doc = "The bits of A and those of B, with broadcasting.";
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a | b,
  (a, b) => a | b,
);
export const cases = /* @__PURE__ */ binaryCases(integers);
