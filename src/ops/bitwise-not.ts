// BitwiseNot: Y = ~X.

import { unary } from "./elementwise.js";
import { integers, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("BitwiseNot", x => x.not());

export const doc: OperatorDoc = {
  summary: "All bits of X flipped",
  dtypes: "integer",
  opsets: [18, 18],
};
export const reference = /* @__PURE__ */ unaryReference(
  x => -x - 1,
  x => ~x!,
);
export const cases = (): readonly OperatorCase[] => unaryCases(integers);
