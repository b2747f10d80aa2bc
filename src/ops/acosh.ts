// Acosh: the inverse hyperbolic cosine, of numbers from 1 on.

import { logOfSum } from "./asinh.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Acosh", x => logOfSum(x, x.sub(1).mul(x.add(1)).sqrt()), {
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
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats, [1, 20], {}, "input"),
  { name: "f32 whose squares are infinite", inputs: { input: { dtype: "f32", dims: [50], range: [1e19, 3e38] } } },
];
