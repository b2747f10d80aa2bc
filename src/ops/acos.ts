// Acos: the inverse cosine, as 2 atan √((1 − x) / (1 + x)), which is exact near 1 too.
import { arcTangent } from "./atan.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Acos", x => arcTangent(x.neg().add(1).div(x.add(1)).sqrt()).mul(2), {
  names: ["input", "output"],
});

export const doc: OperatorDoc = {
  summary: "The inverse cosine of the input, in radians",
  dtypes: "float",
  opsets: [7, 22],
};
/** worst measured on wasm in f32: 1.98 ε */
export const tolerance: Tolerance = { relative: 4, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.acos, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-1, 1], {}, "input");
