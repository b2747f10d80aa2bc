// Elu: X where it is positive, else alpha · (eˣ − 1).
import { where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { expm1 } from "./near-one.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Elu", (x, { alpha }) => where(x.ge(0), x, expm1(x).mul(alpha)), {
  attributes: { alpha: { type: "float", default: 1 } },
});

export const doc: OperatorDoc = {
  summary: "X where X ≥ 0, else alpha · (eˣ − 1)",
  dtypes: "float",
  opsets: [1, 22],
};
/** worst measured on wasm in f32: 3.13 ε */
export const tolerance: Tolerance = { relative: 6, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference((x, { alpha }) => (x >= 0 ? x : alpha * Math.expm1(x)));
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats, [-6, 6]),
  ...unaryCases(["f32"], [-6, 6], { alpha: 0.5 }),
];
