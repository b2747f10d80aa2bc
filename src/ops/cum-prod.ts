// CumProd: products of all elements up to each along an axis.
import { cumulative, cumulativeCases, cumulativeReference } from "./cumulative.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";

export const operator: Operator = /* @__PURE__ */ cumulative("CumProd", 1, (so, x) => so.mul(x));

export const reference: Reference = /* @__PURE__ */ cumulativeReference(
  1,
  (a, b) => a * b,
  (a, b) => a * b,
);

export const cases = (): readonly OperatorCase[] => cumulativeCases([1, 2]);

/** half a unit for each of up to 17 factors */
export const tolerance: Tolerance = { relative: 9, absolute: 0 };

export const doc: OperatorDoc = {
  summary: "Products of the elements up to each along an axis, with it or without, from either end",
  dtypes: "number",
  opsets: [26, 26],
  limits: "axis must be known at compile time",
};
