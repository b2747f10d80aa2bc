// ScaledTanh: alpha · tanh(beta · X). An experimental operator of the first opsets.
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator: Operator = /* @__PURE__ */ unary(
  "ScaledTanh",
  (x, { alpha, beta }) => x.mul(beta).tanh().mul(alpha),
  {
    attributes: { alpha: { type: "float", required: true }, beta: { type: "float", required: true } },
    names: ["input", "output"],
  },
);

export const doc: OperatorDoc = { summary: "alpha · tanh(beta · input)", dtypes: "float", opsets: [1, 1] };
/** that of Tanh, and the roundings of two products */
export const tolerance: Tolerance = { relative: 8, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(
  (x, { alpha, beta }) => alpha * Math.tanh(beta * x),
  undefined,
  undefined,
  ["input", "output"],
);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, undefined, { alpha: 1.5, beta: 0.5 }, "input");
