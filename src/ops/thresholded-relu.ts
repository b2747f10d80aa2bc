// ThresholdedRelu: X where it is above alpha, else 0.
import { roundTo } from "../ir/float-bits.js";
import { where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("ThresholdedRelu", (x, { alpha }) => where(x.gt(alpha), x, 0), {
  attributes: { alpha: { type: "float", default: 1 } },
});

export const doc: OperatorDoc = {
  summary: "X where X > alpha, else 0",
  dtypes: "float",
  opsets: [10, 22],
};
// ONNX's function body casts alpha like X before it compares
export const reference = /* @__PURE__ */ unaryReference((x, { alpha }, dtype) => (x > roundTo(dtype, alpha) ? x : 0));
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats),
  ...unaryCases(["f32"], undefined, { alpha: 0.25 }),
  {
    name: "bf16, an alpha that rounds to an element",
    attributes: { alpha: -1.9543884 },
    inputs: { X: { dtype: "bf16", dims: [3], data: [-1.953125, -1.9453125, -1.9609375] } },
  },
];
