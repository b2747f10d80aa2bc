// QuickGelu of com.microsoft: X · sigmoid(alpha · X).
import { unary } from "../elementwise.js";
import { floats, unaryCases, unaryReference } from "../elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Tolerance } from "../operator.js";

export const operator: Operator = {
  ...unary("QuickGelu", (x, { alpha }) => x.mul(x.mul(alpha).sigmoid()), {
    attributes: { alpha: { type: "float", default: 1.702 } },
  }),
  domain: "com.microsoft",
};

export const doc: OperatorDoc = { summary: "X · sigmoid(alpha · X)", dtypes: "float", opsets: [1, 1] };
/** that of Swish */
export const tolerance: Tolerance = { relative: 8, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference((x, { alpha = 1.702 }) => x / (1 + Math.exp(-alpha * x)));
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats, [-8, 8]),
  ...unaryCases(["f32"], [-8, 8], { alpha: 1 }),
];
