// Relu: max(X, 0).

import { unaryDerivative } from "./derivatives.js";
import { unary } from "./elementwise.js";
import { signed, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Relu", x => x.relu(), {
  derivative: /* @__PURE__ */ unaryDerivative(["X", "Y"], ({ x, by }, { op, number }) =>
    op("Where", op("Greater", x, number(0)), by, number(0)),
  ),
});

export const doc: OperatorDoc = {
  summary: "The larger of X and 0",
  dtypes: "number",
  opsets: [1, 14],
};
export const reference = /* @__PURE__ */ unaryReference(
  x => Math.max(x, 0),
  x => (x! > 0n ? x! : 0n),
);
export const cases = (): readonly OperatorCase[] => unaryCases(signed);
