// Cos: the cosine of an angle in radians.
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { unary } from "./elementwise.js";
import type { OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Cos", x => x.cos(), { names: ["input", "output"] });

export const doc: OperatorDoc = {
  summary: "The cosine of the input, in radians",
  dtypes: "float",
  opsets: [7, 22],
};
export const tolerance: Tolerance = { relative: 8, absolute: 4 };
export const reference = /* @__PURE__ */ unaryReference(Math.cos, undefined, undefined, ["input", "output"]);
export const cases = /* @__PURE__ */ unaryCases(floats, [-20, 20], {}, "input");
