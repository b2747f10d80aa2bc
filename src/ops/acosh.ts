// Acosh: the inverse hyperbolic cosine, of numbers from 1 on.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Acosh", x => x.add(x.sub(1).mul(x.add(1)).sqrt()).log(), {
  names: ["input", "output"],
});

export const doc: OperatorDoc = {
  summary: "The inverse hyperbolic cosine of the input",
  dtypes: "float",
  opsets: [7, 22],
};
/** worst measured on wasm in f32: 0.1 ε of the input; 13 ε relative next to 1 */
export const tolerance: Tolerance = { relative: 4, absolute: 1 };
export const reference = /* @__PURE__ */ unaryReference(Math.acosh, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [1, 20], {}, "input");
