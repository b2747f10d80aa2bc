// Sqrt: the square root; NaN below 0.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Sqrt", x => x.sqrt());

export const doc: OperatorDoc = {
  summary: "The square root of X",
  dtypes: "float",
  opsets: [1, 13],
};
export const reference = /* @__PURE__ */ unaryReference(Math.sqrt);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [0, 100]);
