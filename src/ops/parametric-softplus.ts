// ParametricSoftplus: alpha · log(1 + e^(beta · X)). An experimental operator of the first opsets.
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { log1p } from "./near-one.js";
import type { Operator, OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator: Operator = /* @__PURE__ */ unary(
  "ParametricSoftplus",
  (x, { alpha, beta }) => {
    const b = x.mul(beta);
    return b.maximum(0).add(log1p(b.abs().neg().exp())).mul(alpha);
  },
  { attributes: { alpha: { type: "float", required: true }, beta: { type: "float", required: true } } },
);

export const doc: OperatorDoc = { summary: "alpha · log(1 + e^(beta · X))", dtypes: "float", opsets: [1, 1] };
export const tolerance: Tolerance = { relative: 8, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(
  (x, { alpha, beta }) => alpha * (Math.max(beta * x, 0) + Math.log1p(Math.exp(-Math.abs(beta * x)))),
);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-8, 8], { alpha: 1.5, beta: 0.5 });
