// TreeEnsembleClassifier: decision trees whose leaves vote for classes.
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { printDims, refuse, requireOneOf } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Builder, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import type { ClassLabels } from "./class-labels.js";
import { classLabels, hasTextLabels, labelDtype, labelWhere, largestLabel } from "./class-labels.js";
import { scoreTransforms, transformedRow, transformScores } from "./score-transform.js";
import { baseValues, exampleRows, exampleTrees, scoresOfRow, treeListAttributes, treeLists } from "./tree-lists.js";
import { leafWeights, treeScores } from "./tree-table.js";

const op = "TreeEnsembleClassifier";

export const operator: Operator = {
  name: op,
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y", "Z?"],
  attributes: {
    ...treeListAttributes,
    class_ids: { type: "ints", required: true },
    class_nodeids: { type: "ints", required: true },
    class_treeids: { type: "ints", required: true },
    class_weights: { type: "floats" },
    class_weights_as_tensor: { type: "tensor" },
    classlabels_int64s: { type: "ints" },
    classlabels_strings: { type: "strings" },
  },
  dtypes: node => ({ Y: labelDtype(node), Z: "f32" }),
  makesText: hasTextLabels,
  shape: node => {
    const X = node.dims.X!;
    if (X.length !== 2) refuse("shape", op, node, `X of ${printDims(X)} must be rows×features; reshape it`);
    requireOneOf(op, node, "post_transform", scoreTransforms);
    const columns = classLabels(op, node).length;
    baseValues(op, node, addedTo(node, columns));
    return { Y: [X[0]!], Z: [X[0]!, Poly.int(columns)] };
  },
  expand: (node, build) => {
    const { attributes } = node;
    const dtype = node.dtypes.X === "f64" ? "f64" : "f32";
    const { table, entries } = treeLists(op, node, "class");
    const labels = classLabels(op, node);
    const columns = labels.length;
    const X = build.node("Cast", [node.inputs.X], { to: onnxCodeOf(dtype) });
    const weights = build.constant(dtype, [table.leaves, columns], leafWeights(table.leaves, columns, entries, "SUM"));
    const sums = treeScores(op, node, build, { X, weights, dtype }, table, "SUM");
    const base = baseValues(op, node, addedTo(node, columns));
    const moved = base ? build.node("Add", [sums, build.constant(dtype, [base.length], base)]) : sums;
    const votes = entries.every(([, , weight]) => weight >= 0);
    const transform: string = attributes.post_transform;
    const scores = isBinary(node, columns) ? twoColumns(build, moved, votes, dtype) : moved;
    const Z = transformScores(build, scores, transform, dtype);
    const Y = columns === 1 ? oneLabel(build, moved, labels, votes, dtype) : largestLabel(build, scores, labels);
    return { Y, Z: build.node("Cast", [Z], { to: onnxCodeOf("f32") }) };
  },
};

/** Do the leaves speak of one class of two alone? Then the other is what it is not. */
const isBinary = ({ attributes }: NodeInfo, columns: number): boolean =>
  columns === 2 && new Set(attributes.class_ids).size === 1;
const addedTo = (node: NodeInfo, columns: number): number => (isBinary(node, columns) ? 1 : columns);

/** Where no leaf speaks against the class, its score is a share, else a sign: as ONNX Runtime has it, of which the standard says nothing. */
function twoColumns(build: Builder, scores: Value, votes: boolean, dtype: "f32" | "f64"): Value {
  const vector = (x: number): Value => build.constant("i64", [1], [x]);
  const own = build.node("Slice", [scores, vector(0), vector(1), vector(1)]);
  const other = votes ? build.node("Sub", [build.constant(dtype, [], [1]), own]) : build.node("Neg", [own]);
  return build.node("Concat", [other, own], { axis: 1 });
}

/** A single label stands against 0. */
function oneLabel(build: Builder, scores: Value, labels: ClassLabels, votes: boolean, dtype: "f32" | "f64"): Value {
  const holds = build.node("Greater", [scores, build.constant(dtype, [], [votes ? 0.5 : 0])]);
  return labelWhere(build, holds, labels);
}

export const doc: OperatorDoc = {
  summary: "Decision trees whose leaves vote for classes: the label with the most, and the scores",
  dtypes: "number",
  opsets: [1, 3],
};
export const tolerance: Tolerance = { relative: 16, absolute: 8 };

export const reference: Reference = ({ X }, attributes) => {
  const { post_transform: transform = "NONE", classlabels_int64s: given } = attributes;
  const [rows, features] = X!.dims as [number, number];
  const all = numbersOf(X!);
  const votes = attributes.class_weights.every((w: number) => w >= 0);
  const binary = given.length === 2 && new Set(attributes.class_ids).size === 1;
  const sums = Array.from({ length: rows }, (_, r) => {
    const row = all.slice(r * features, (r + 1) * features);
    const found = scoresOfRow(row, attributes, "class", given.length, "SUM");
    const own = found[0]!;
    return binary ? [votes ? 1 - own : -own, own] : found;
  });
  const labelOf = (row: readonly number[]): number =>
    given.length === 1 ? (row[0]! > (votes ? 0.5 : 0) ? given[0] : 0) : given[row.indexOf(Math.max(...row))];
  return {
    Y: { dtype: "i64", dims: [rows], data: sums.map(row => BigInt(labelOf(row))) },
    Z: { dtype: "f32", dims: [rows, given.length], data: sums.flatMap(row => transformedRow(row, transform)) },
  };
};

const votes = {
  ...exampleTrees,
  class_treeids: [0, 0, 0, 0, 1, 1, 1],
  class_nodeids: [2, 3, 4, 4, 1, 1, 2],
  class_ids: [0, 1, 0, 2, 2, 1, 0],
  class_weights: [0.5, 0.75, 0.25, 1, 0.5, 0.125, -0.25],
  classlabels_int64s: [7, 11, 42],
};
const against = { ...votes, class_ids: [0, 0, 0, 0, 0, 0, 0], classlabels_int64s: [0, 1] };
export const cases = (): readonly OperatorCase[] => [
  ...scoreTransforms.slice(0, 4).map(post_transform => ({
    name: post_transform,
    attributes: { ...votes, post_transform },
    outputCount: 2,
    inputs: { X: exampleRows },
  })),
  {
    name: "two classes, shares",
    attributes: { ...against, class_weights: [0.5, 0.25, 0.25, 0, 0.5, 0, 0.125] },
    outputCount: 2,
    inputs: { X: exampleRows },
  },
  ...["NONE", "LOGISTIC"].map(post_transform => ({
    name: `two classes, ${post_transform}`,
    attributes: { ...against, post_transform, base_values: [0.0625] },
    outputCount: 2,
    inputs: { X: exampleRows },
  })),
  {
    name: "one label, integers",
    attributes: { ...against, class_weights: [0.5, 0.75, 0.25, 0, 0.5, 0, -0.25], classlabels_int64s: [1] },
    outputCount: 2,
    inputs: { X: { dtype: "i64", dims: [3, 3] } },
  },
];
