// ThresholdedRelu: X where it is above alpha, else 0.
import { where } from "../tile/index.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { unary } from "./elementwise.js";

export const operator = /* @__PURE__ */ unary("ThresholdedRelu", (x, { alpha }) => where(x.gt(alpha), x, 0), {
  attributes: { alpha: { type: "float", default: 1 } },
});

export const doc = "X where X > alpha, else 0.";
export const reference = /* @__PURE__ */ unaryReference((x, { alpha }) => (x > alpha ? x : 0));
export const cases = /* @__PURE__ */ [...unaryCases(floats), ...unaryCases(["f32"], undefined, { alpha: 0.25 })];
