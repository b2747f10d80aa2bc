// Sqrt: the square root; NaN below 0.

import { unaryDerivative } from "./derivatives.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Sqrt", x => x.sqrt(), {
  derivative: /* @__PURE__ */ unaryDerivative(["X", "Y"], ({ y, by }, { op, number }) =>
    op("Div", op("Mul", by, number(0.5)), y),
  ),
});

export const doc: OperatorDoc = {
  summary: "The square root of X",
  dtypes: "float",
  opsets: [1, 13],
};
export const reference = /* @__PURE__ */ unaryReference(Math.sqrt);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [0, 100]);
