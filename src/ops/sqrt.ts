// Sqrt: the square root; NaN below 0.
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { unary } from "./elementwise.js";
import type { OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Sqrt", x => x.sqrt());

export const doc: OperatorDoc = {
  summary: "The square root of X",
  dtypes: "float",
  opsets: [1, 13],
};
export const reference = /* @__PURE__ */ unaryReference(Math.sqrt);
export const cases = /* @__PURE__ */ unaryCases(floats, [0, 100]);
