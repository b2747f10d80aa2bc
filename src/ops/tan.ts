// Tan: the tangent of an angle in radians, as sine by cosine.
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { unary } from "./elementwise.js";
import type { OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Tan", x => x.sin().div(x.cos()), { names: ["input", "output"] });

export const doc: OperatorDoc = {
  summary: "The tangent of the input, in radians",
  dtypes: "float",
  opsets: [7, 22],
};
export const tolerance: Tolerance = { relative: 16, absolute: 8 };
export const reference = /* @__PURE__ */ unaryReference(Math.tan, undefined, undefined, ["input", "output"]);
export const cases = /* @__PURE__ */ unaryCases(floats, [-1.3, 1.3], {}, "input");
