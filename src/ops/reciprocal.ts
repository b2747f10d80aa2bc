// Reciprocal: Y = 1 / X.
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { unary } from "./elementwise.js";
import type { OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Reciprocal", x => x.reciprocal());

export const doc: OperatorDoc = {
  summary: "1 / X",
  dtypes: "float",
  opsets: [1, 13],
};
export const reference = /* @__PURE__ */ unaryReference(x => 1 / x);
export const cases = /* @__PURE__ */ unaryCases(floats, [1, 8]);
