// TreeEnsembleRegressor: decision trees whose leaves say numbers.
import { Poly } from "../../ir/poly.js";
import { printDims, refuse, requireOneOf } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { scoreTransforms, transformedRow, transformScores } from "./score-transform.js";
import { baseValues, exampleRows, exampleTrees, scoresOfRow, treeListAttributes, treeLists } from "./tree-lists.js";
import { leafWeights, treeScores } from "./tree-table.js";

const op = "TreeEnsembleRegressor";

export const operator: Operator = {
  name: op,
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    ...treeListAttributes,
    aggregate_function: { type: "string", default: "SUM" },
    n_targets: { type: "int", required: true },
    target_ids: { type: "ints", required: true },
    target_nodeids: { type: "ints", required: true },
    target_treeids: { type: "ints", required: true },
    target_weights: { type: "floats" },
    target_weights_as_tensor: { type: "tensor" },
  },
  dtypes: () => ({ Y: "f32" }),
  shape: node => {
    const X = node.dims.X!;
    if (X.length !== 2) refuse("shape", op, node, `X of ${printDims(X)} must be rows×features; reshape it`);
    requireOneOf(op, node, "post_transform", scoreTransforms);
    requireOneOf(op, node, "aggregate_function", ["SUM", "AVERAGE", "MIN", "MAX"]);
    baseValues(op, node, node.attributes.n_targets);
    return { Y: [X[0]!, Poly.int(node.attributes.n_targets)] };
  },
  expand: (node, build) => {
    const { attributes } = node;
    const dtype = node.dtypes.X === "f64" ? "f64" : "f32";
    const { table, entries } = treeLists(op, node, "target");
    const { aggregate_function: aggregate, n_targets: targets } = attributes;
    const data = leafWeights(table.leaves, targets, entries, aggregate);
    const X = build.node("Cast", [node.inputs.X], { to: onnxCodeOf(dtype) });
    const weights = build.constant(dtype, [table.leaves, targets], data);
    const scores = treeScores(op, node, build, { X, weights, dtype }, table, aggregate);
    const base = baseValues(op, node, targets);
    const moved = base ? build.node("Add", [scores, build.constant(dtype, [base.length], base)]) : scores;
    const transformed = transformScores(build, moved, attributes.post_transform, dtype);
    return { Y: build.node("Cast", [transformed], { to: onnxCodeOf("f32") }) };
  },
};

export const doc: OperatorDoc = {
  summary: "Decision trees whose leaves say numbers",
  dtypes: "number",
  opsets: [1, 3],
};
export const tolerance: Tolerance = { relative: 16, absolute: 8 };

export const reference: Reference = ({ X }, attributes) => {
  const { aggregate_function: aggregate = "SUM", n_targets: targets, post_transform = "NONE" } = attributes;
  const [rows, features] = X!.dims as [number, number];
  const all = numbersOf(X!);
  const data = Array.from({ length: rows }, (_, r) =>
    transformedRow(
      scoresOfRow(all.slice(r * features, (r + 1) * features), attributes, "target", targets, aggregate),
      post_transform,
    ),
  ).flat();
  return { Y: { dtype: "f32", dims: [rows, targets], data } };
};

const trees = {
  ...exampleTrees,
  n_targets: 2,
  target_treeids: [0, 0, 0, 0, 1, 1, 1, 1],
  target_nodeids: [2, 3, 4, 4, 1, 1, 2, 2],
  target_ids: [0, 1, 0, 1, 0, 1, 0, 1],
  target_weights: [1.5, -2, 0.25, 3, 0.5, 1, -1, 2],
};
export const cases = (): readonly OperatorCase[] => [
  ...["SUM", "AVERAGE", "MIN", "MAX"].map(aggregate_function => ({
    name: aggregate_function,
    attributes: { ...trees, aggregate_function },
    inputs: { X: exampleRows },
  })),
  ...["MIN", "MAX"].map(aggregate_function => ({
    name: `${aggregate_function}, a target of which no leaf says anything`,
    attributes: { ...trees, aggregate_function, n_targets: 3 },
    inputs: { X: exampleRows },
  })),
  ...scoreTransforms.slice(1, 4).map(post_transform => ({
    name: post_transform,
    attributes: { ...trees, post_transform, base_values: [0.5, -0.5] },
    inputs: { X: exampleRows },
  })),
  { name: "f64", attributes: trees, inputs: { X: { ...exampleRows, dtype: "f64" } } },
];
