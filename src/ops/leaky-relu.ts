// LeakyRelu: X where it is positive, else alpha · X.
import { where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("LeakyRelu", (x, { alpha }) => where(x.ge(0), x, x.mul(alpha)), {
  attributes: { alpha: { type: "float", default: 0.01 } },
});

export const doc: OperatorDoc = {
  summary: "X where X ≥ 0, else alpha · X",
  dtypes: "float",
  opsets: [1, 16],
};
/** worst measured on wasm in f32: 1.00 ε, alpha being rounded */
export const tolerance: Tolerance = { relative: 2, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference((x, { alpha }) => (x >= 0 ? x : x * alpha));
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats),
  ...unaryCases(["f32"], undefined, { alpha: 0.25 }),
];
