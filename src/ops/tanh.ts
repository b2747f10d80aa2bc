// Tanh: the hyperbolic tangent.

import { unaryDerivative } from "./derivatives.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

const names = ["input", "output"] as const;
export const operator = /* @__PURE__ */ unary("Tanh", x => x.tanh(), {
  names,
  derivative: /* @__PURE__ */ unaryDerivative(names, ({ y, by }, { op, number }) =>
    op("Mul", by, op("Sub", number(1), op("Mul", y, y))),
  ),
});

export const doc: OperatorDoc = {
  summary: "The hyperbolic tangent of the input",
  dtypes: "float",
  opsets: [1, 13],
};
/** worst measured on wasm in f32: 1.98 ε */
export const tolerance: Tolerance = { relative: 4, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.tanh, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-8, 8], {}, "input");
