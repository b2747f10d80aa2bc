// Exp: eˣ.

import { unaryDerivative } from "./derivatives.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

const names = ["input", "output"] as const;
export const operator = /* @__PURE__ */ unary("Exp", x => x.exp(), {
  names,
  derivative: /* @__PURE__ */ unaryDerivative(names, ({ y, by }, { op }) => op("Mul", by, y)),
});

export const doc: OperatorDoc = {
  summary: "e to the power of the input",
  dtypes: "float",
  opsets: [1, 13],
};
/** worst measured on wasm in f32: 2.06 ε */
export const tolerance: Tolerance = { relative: 4, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.exp, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-8, 8], {}, "input");
