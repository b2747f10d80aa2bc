// Log: the natural logarithm; −∞ at 0, NaN below.

import { unaryDerivative } from "./derivatives.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

const names = ["input", "output"] as const;
export const operator = /* @__PURE__ */ unary("Log", x => x.log(), {
  names,
  derivative: /* @__PURE__ */ unaryDerivative(names, ({ x, by }, { op }) => op("Div", by, x)),
});

export const doc: OperatorDoc = {
  summary: "The natural logarithm of the input",
  dtypes: "float",
  opsets: [1, 13],
};
/** worst measured on wasm in f32: 0.99 ε */
export const tolerance: Tolerance = { relative: 2, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.log, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [0.01, 100], {}, "input");
