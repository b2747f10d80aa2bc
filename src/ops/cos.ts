// Cos: the cosine of an angle in radians.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Cos", x => x.cos(), { names: ["input", "output"] });

export const doc: OperatorDoc = {
  summary: "The cosine of the input, in radians",
  dtypes: "float",
  opsets: [7, 22],
  limits: "angles up to ±102,943 (f64: ±1,647,099); beyond, the result is the cosine of some other angle",
};
/** worst measured on wasm in f32: 1.00 ε */
export const tolerance: Tolerance = { relative: 2, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.cos, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-20, 20], {}, "input");
