// Scatter: ScatterElements as it was called before opset 11.
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact } from "./reference-tensors.js";
import { reference as scattered, scatterAlong } from "./scatter-elements.js";

export const operator: Operator = /* @__PURE__ */ scatterAlong("Scatter", {});

export const reference: Reference = scattered;

export const cases = (): readonly OperatorCase[] => [
  {
    name: "along the second axis",
    attributes: { axis: 1 },
    inputs: {
      data: { dtype: "f32", dims: [2, 5] },
      indices: { dtype: "i64", dims: [2, 2], data: [1, 3, 0, 4] },
      updates: { dtype: "f32", dims: [2, 2] },
    },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "ScatterElements by its old name",
  dtypes: "any",
  opsets: [9, 11],
};
