// RandomNormalLike: RandomNormal with the dims of an input.
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { dtypeOr } from "./onnx-dtypes.js";
import { drawnOperator, drawnReference, normal, normalDrawing, normalTolerance } from "./random-distributions.js";

export const operator: Operator = /* @__PURE__ */ drawnOperator("RandomNormalLike", normal, {
  inputs: ["input"],
  attributes: { dtype: { type: "int" } },
  shape: node => node.dims.input!,
  dtype: node => dtypeOr(node.dtypes.input!, "RandomNormalLike", node, node.attributes.dtype),
});

export const reference: Reference = ({ input }, attributes) =>
  drawnReference(
    normalDrawing,
    attributes,
    input!.dims,
    dtypeOr(input!.dtype, "RandomNormalLike", { name: "" }, attributes.dtype),
  );

export const cases = (): readonly OperatorCase[] => [
  { name: "f32", attributes: { seed: 3 }, inputs: { input: { dtype: "f32", dims: [3, 17] } } },
  { name: "f16", attributes: { seed: 0.5 }, inputs: { input: { dtype: "f16", dims: [2, 5] } } },
  { name: "integers as f64", attributes: { seed: 3, dtype: 11 }, inputs: { input: { dtype: "i64", dims: [2, 2, 3] } } },
  { name: "nothing", attributes: { seed: 1 }, inputs: { input: { dtype: "f32", dims: [0, 3] } } },
];

export const tolerance = normalTolerance;

export const doc: OperatorDoc = {
  summary: "Numbers of a normal distribution under the dims of an input",
  dtypes: "float",
  opsets: [1, 22],
  limits: "without a seed, every run draws anew, unless run() gets one; with one, all runs draw the same",
};
