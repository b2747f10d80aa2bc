// BitwiseAnd: C = A & B.
import { binaryCases, binaryReference, integers } from "./elementwise-references.js";
import { binary } from "./elementwise.js";

export const operator = /* @__PURE__ */ binary("BitwiseAnd", (a, b) => a.and(b));

export const doc = "The bits that A and B share, with broadcasting.";
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a & b,
  (a, b) => a & b,
);
export const cases = /* @__PURE__ */ binaryCases(integers);
