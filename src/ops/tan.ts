// Tan: the tangent of an angle in radians, as sine by cosine.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Tan", x => x.sin().div(x.cos()), { names: ["input", "output"] });

export const doc: OperatorDoc = {
  summary: "The tangent of the input, in radians",
  dtypes: "float",
  opsets: [7, 22],
  limits: "angles up to ±102,943 (f64: ±1,647,099); beyond, the result is the tangent of some other angle",
};
/** worst measured on wasm in f32: 1.86 ε */
export const tolerance: Tolerance = { relative: 4, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.tan, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-1.3, 1.3], {}, "input");
