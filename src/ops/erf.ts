// Erf: the error function.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Erf", x => x.erf(), { names: ["input", "output"] });

export const doc: OperatorDoc = {
  summary: "The error function of the input",
  dtypes: "float",
  opsets: [9, 13],
};
/** worst measured on wasm in f32: 1.00 ε */
export const tolerance: Tolerance = { relative: 2, absolute: 0 };

/** erf by its series below 3 (error term under 2⁻⁵²), and by the continued fraction of erfc above (Abramowitz & Stegun 7.1.6, 7.1.14). */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 3) {
    let term = a;
    let sum = a;
    for (let n = 1; Math.abs(term) > 1e-18 * sum; n++) {
      term *= (2 * a * a) / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
  }
  if (a === Infinity) return Math.sign(x);
  let fraction = a;
  for (let n = 60; n > 0; n--) fraction = a + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / fraction);
}
export const reference = /* @__PURE__ */ unaryReference(erf, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-4, 4], {}, "input");
