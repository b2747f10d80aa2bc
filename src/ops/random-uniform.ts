// RandomUniform: numbers of a uniform distribution.
import { Poly } from "../ir/poly.js";
import { dtypeOfOnnx } from "./onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { drawnOperator, drawnReference, uniform, uniformDrawing, uniformTolerance } from "./random-distributions.js";

export const operator: Operator = /* @__PURE__ */ drawnOperator("RandomUniform", uniform, {
  inputs: [],
  attributes: { dtype: { type: "int", default: 1 }, shape: { type: "ints", required: true } },
  shape: node => (node.attributes.shape as readonly number[]).map(n => Poly.int(n)),
  dtype: node => dtypeOfOnnx("RandomUniform", node, node.attributes.dtype),
});

export const reference: Reference = (_, attributes) =>
  drawnReference(
    uniformDrawing,
    attributes,
    attributes.shape,
    dtypeOfOnnx("RandomUniform", { name: "" }, attributes.dtype ?? 1),
  );

export const cases = (): readonly OperatorCase[] => [
  { name: "f32", attributes: { seed: 7, shape: [5, 13] }, inputs: {} },
  { name: "f64", attributes: { seed: 7, shape: [3, 2, 2], dtype: 11 }, inputs: {} },
  { name: "a scalar of f16", attributes: { seed: 1.5, shape: [], dtype: 10 }, inputs: {} },
  {
    name: "its parameters",
    attributes: { seed: 2, shape: [64], low: -3, high: -1 },
    inputs: {},
  },
];

export const tolerance = uniformTolerance;

export const doc: OperatorDoc = {
  summary: "Numbers of a uniform distribution",
  dtypes: "float",
  opsets: [1, 22],
  limits: "without a seed, every run draws anew, unless run() gets one; with one, all runs draw the same",
};
