// Asin: the inverse sine, as atan(x / √((1 − x)(1 + x))).
import { arcTangent } from "./atan.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Asin", x => arcTangent(x.div(x.neg().add(1).mul(x.add(1)).sqrt())), {
  names: ["input", "output"],
});

export const doc: OperatorDoc = {
  summary: "The inverse sine of the input, in radians",
  dtypes: "float",
  opsets: [7, 22],
};
/** worst measured on wasm in f32: 1.95 ε */
export const tolerance: Tolerance = { relative: 4, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.asin, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-1, 1], {}, "input");
