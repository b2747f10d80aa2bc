// Log: the natural logarithm; −∞ at 0, NaN below.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Log", x => x.log(), { names: ["input", "output"] });

export const doc: OperatorDoc = {
  summary: "The natural logarithm of the input",
  dtypes: "float",
  opsets: [1, 13],
};
/** worst measured on wasm in f32: 0.99 ε */
export const tolerance: Tolerance = { relative: 2, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.log, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [0.01, 100], {}, "input");
