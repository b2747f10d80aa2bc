// Affine: alpha · X + beta. An experimental operator of the first opsets.
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator: Operator = /* @__PURE__ */ unary("Affine", (x, { alpha, beta }) => x.mul(alpha).add(beta), {
  attributes: { alpha: { type: "float", default: 1 }, beta: { type: "float", default: 0 } },
});

export const doc: OperatorDoc = { summary: "alpha · X + beta", dtypes: "float", opsets: [1, 1] };
export const tolerance: Tolerance = { relative: 2, absolute: 2 };
export const reference = /* @__PURE__ */ unaryReference((x, { alpha = 1, beta = 0 }) => alpha * x + beta);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, undefined, { alpha: 0.5, beta: -2 });
