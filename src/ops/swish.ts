// Swish: X · sigmoid(alpha · X).

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Swish", (x, { alpha }) => x.mul(x.mul(alpha).sigmoid()), {
  attributes: { alpha: { type: "float", default: 1 } },
});

export const doc: OperatorDoc = {
  summary: "X · sigmoid(alpha · X)",
  dtypes: "float",
  opsets: [24, 24],
};
/** worst measured on wasm in f32: 4.19 ε */
export const tolerance: Tolerance = { relative: 8, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference((x, { alpha }) => x / (1 + Math.exp(-alpha * x)));
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats, [-8, 8]),
  ...unaryCases(["f32"], [-4, 4], { alpha: 1.5 }),
];
