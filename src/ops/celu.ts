// Celu: max(0, X) + min(0, alpha · (e^(X / alpha) − 1)).
import { where } from "../tile/index.js";
import { refuse } from "./checks.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { expm1 } from "./near-one.js";
import type { Operator, OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

const elementwise = /* @__PURE__ */ unary(
  "Celu",
  (x, { alpha }) => where(x.ge(0), x, expm1(x.mul(1 / alpha)).mul(alpha)),
  { attributes: { alpha: { type: "float", default: 1 } } },
);

export const operator: Operator = {
  ...elementwise,
  shape: node => {
    if (node.attributes.alpha === 0)
      refuse("operator-attribute", "Celu", node, "alpha is 0, and X is divided by it; use another number");
    return elementwise.shape(node);
  },
};

export const doc: OperatorDoc = {
  summary: "max(0, X) + min(0, alpha · (e^(X / alpha) − 1))",
  dtypes: "float",
  opsets: [12, 28],
};
/** worst measured on wasm in f32: 2.43 ε */
export const tolerance: Tolerance = { relative: 5, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference((x, { alpha }) => (x >= 0 ? x : alpha * Math.expm1(x / alpha)));
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats, [-6, 6]),
  ...unaryCases(["f32"], [-6, 6], { alpha: 2 }),
];
