// BitwiseXor: C = A ^ B.

import { binary } from "./elementwise.js";
import { binaryCases, binaryReference, integers } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("BitwiseXor", (a, b) => a.xor(b));

export const doc: OperatorDoc = {
  summary: "The bits in which A and B differ, with broadcasting",
  dtypes: "integer",
  opsets: [18, 18],
};
export const reference = /* @__PURE__ */ binaryReference(
  (a, b) => a ^ b,
  (a, b) => a ^ b,
);
export const cases = (): readonly OperatorCase[] => binaryCases(integers);
