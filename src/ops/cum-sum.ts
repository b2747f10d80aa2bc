// CumSum: sums of all elements up to each along an axis.
import { cumulative, cumulativeCases, cumulativeReference } from "./cumulative.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";

export const operator: Operator = /* @__PURE__ */ cumulative("CumSum", 0, (so, x) => so.add(x));

export const reference: Reference = /* @__PURE__ */ cumulativeReference(
  0,
  (a, b) => a + b,
  (a, b) => a + b,
);

export const cases = (): readonly OperatorCase[] => cumulativeCases([-4, 4]);

/** one addition after the other */
export const tolerance: Tolerance = { relative: 1, absolute: 4 };

export const doc: OperatorDoc = {
  summary: "Sums of the elements up to each along an axis, with it or without, from either end",
  dtypes: "number",
  opsets: [11, 14],
  limits: "axis must be known at compile time",
};
