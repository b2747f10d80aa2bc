// ArgMax: the position of the largest element along an axis.
import { argExtreme, argExtremeCases, argExtremeReference } from "./arg-extreme.js";
import type { OperatorDoc } from "./operator.js";
import { exact } from "./reference-tensors.js";

export const operator = argExtreme("ArgMax", "max");

export const reference = /* @__PURE__ */ argExtremeReference((a, b) => a > b);

export const cases = argExtremeCases;

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "The position of the largest element along an axis",
  dtypes: "number",
  opsets: [1, 13],
};
