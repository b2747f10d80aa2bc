// Softsign: X / (1 + |X|).

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Softsign", x => x.div(x.abs().add(1)), { names: ["input", "output"] });

export const doc: OperatorDoc = {
  summary: "X / (1 + |X|)",
  dtypes: "float",
  opsets: [1, 22],
};
/** worst measured on wasm in f32: 1.00 ε */
export const tolerance: Tolerance = { relative: 2, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(x => x / (1 + Math.abs(x)), undefined, undefined, [
  "input",
  "output",
]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-20, 20], {}, "input");
