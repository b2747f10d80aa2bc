// Cosh: the hyperbolic cosine.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Cosh", x => x.exp().add(x.neg().exp()).mul(0.5), {
  names: ["input", "output"],
});

export const doc: OperatorDoc = {
  summary: "The hyperbolic cosine of the input",
  dtypes: "float",
  opsets: [7, 22],
};
/** worst measured on wasm in f32: 2.06 ε */
export const tolerance: Tolerance = { relative: 4, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.cosh, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-4, 4], {}, "input");
