// Selu: gamma · X where it is positive, else gamma · alpha · (eˣ − 1).
import { where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { expm1 } from "./near-one.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary(
  "Selu",
  (x, { alpha, gamma }) => where(x.gt(0), x.mul(gamma), expm1(x).mul(alpha * gamma)),
  {
    attributes: {
      alpha: { type: "float", default: 1.67326319217681884765625 },
      gamma: { type: "float", default: 1.05070102214813232421875 },
    },
  },
);

export const doc: OperatorDoc = {
  summary: "gamma · X where X > 0, else gamma · alpha · (eˣ − 1)",
  dtypes: "float",
  opsets: [1, 22],
};
/** worst measured on wasm in f32: 2.72 ε */
export const tolerance: Tolerance = { relative: 6, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference((x, { alpha, gamma }) =>
  x > 0 ? gamma * x : gamma * alpha * Math.expm1(x),
);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-6, 6]);
