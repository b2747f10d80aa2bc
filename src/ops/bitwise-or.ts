// BitwiseOr: C = A | B.

import { binary } from "./elementwise.js";
import { binaryCases, binaryReference, integers } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("BitwiseOr", (a, b) => a.or(b));

export const doc: OperatorDoc = {
  summary: "The bits of A and those of B, with broadcasting",
  dtypes: "integer",
  opsets: [18, 18],
};
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a | b,
  (a, b) => a | b,
);
export const cases = (): readonly OperatorCase[] => binaryCases(integers);
