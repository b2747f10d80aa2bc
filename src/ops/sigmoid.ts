// Sigmoid: 1 / (1 + e⁻ˣ).

import { unaryDerivative } from "./derivatives.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Sigmoid", x => x.sigmoid(), {
  derivative: /* @__PURE__ */ unaryDerivative(["X", "Y"], ({ y, by }, { op, number }) =>
    op("Mul", by, op("Mul", y, op("Sub", number(1), y))),
  ),
});

export const doc: OperatorDoc = {
  summary: "1 / (1 + e⁻ˣ)",
  dtypes: "float",
  opsets: [1, 13],
};
/** worst measured on wasm in f32: 2.83 ε */
export const tolerance: Tolerance = { relative: 6, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(x => 1 / (1 + Math.exp(-x)));
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-12, 12]);
