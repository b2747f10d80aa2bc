// Reciprocal: Y = 1 / X.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Reciprocal", x => x.reciprocal());

export const doc: OperatorDoc = {
  summary: "1 / X",
  dtypes: "float",
  opsets: [1, 13],
};
export const reference = /* @__PURE__ */ unaryReference(x => 1 / x);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [1, 8]);
