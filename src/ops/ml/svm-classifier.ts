// SVMClassifier: rows compared with support vectors by a kernel; every pair of classes has a score, and votes for one of the two.
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { requireEqual } from "../broadcast.js";
import { printDims, refuse, requireOneOf } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type {
  Attributes,
  Builder,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  Tolerance,
} from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { classLabels, hasTextLabels, labelDtype, largestLabel } from "./class-labels.js";
import { scoreTransforms, transformedRow, transformScores } from "./score-transform.js";
import { kernelOf, similarities, svmKernels } from "./svm-regressor.js";

const op = "SVMClassifier";

export const operator: Operator = {
  name: op,
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y", "Z?"],
  attributes: {
    classlabels_ints: { type: "ints" },
    classlabels_strings: { type: "strings" },
    coefficients: { type: "floats", required: true },
    kernel_params: { type: "floats" },
    kernel_type: { type: "string", default: "LINEAR" },
    post_transform: { type: "string", default: "NONE" },
    prob_a: { type: "floats" },
    prob_b: { type: "floats" },
    rho: { type: "floats", required: true },
    support_vectors: { type: "floats" },
    vectors_per_class: { type: "ints" },
  },
  dtypes: node => ({ Y: labelDtype(node), Z: "f32" }),
  makesText: hasTextLabels,
  shape: node => {
    requireOneOf(op, node, "kernel_type", svmKernels);
    requireOneOf(op, node, "post_transform", scoreTransforms);
    const classes = classLabels(op, node).length;
    if (classes < 2) refuse("operator-unsupported", op, node, "it has one class; use SVMRegressor with one_class = 1");
    requireLists(node, classes);
    const X = node.dims.X!;
    const features = featuresOf(node.attributes, classes);
    const sentence = `X of ${printDims(X)} must be rows of ${features} features, as the vectors or coefficients have; change X`;
    if (X.length !== 2) refuse("shape", op, node, sentence);
    requireEqual(op, node, X[1]!, Poly.int(features), sentence);
    return { Y: [X[0]!], Z: [X[0]!, Poly.int(columnsOf(node.attributes, classes))] };
  },
  expand: (node, build) => {
    const { attributes } = node;
    const labels = classLabels(op, node);
    const X = build.node("Cast", [node.inputs.X], { to: onnxCodeOf("f32") });
    const vectors = vectorsOf(attributes);
    if (vectors === 0) return linear(node, build, X, labels.length);
    const pairs = pairsOf(labels.length);
    const matrix = build.constant("f32", [vectors, pairs.length], pairMatrix(attributes, pairs));
    const rho = build.constant("f32", [pairs.length], attributes.rho);
    const scores = build.node("Add", [build.node("MatMul", [similarities(node, build, X, vectors), matrix]), rho]);
    const Y = largestLabel(build, votesOf(build, scores, labels.length), labels);
    return { Y, Z: columns(node, build, scores, labels.length) };
  },
};

type Pair = readonly [first: number, second: number];
/** Of a pair of classes, the first has the score, the second what is against it. */
const pairsOf = (classes: number): readonly Pair[] =>
  Array.from({ length: classes }, (_, i) =>
    Array.from({ length: classes - i - 1 }, (_, j): Pair => [i, i + j + 1]),
  ).flat();

const vectorsOf = ({ vectors_per_class }: Attributes): number =>
  (vectors_per_class ?? []).reduce((a: number, b: number) => a + b, 0);
const hasShares = ({ prob_a, prob_b }: Attributes): boolean => !!prob_a?.length && !!prob_b?.length;
const featuresOf = (attributes: Attributes, classes: number): number => {
  const vectors = vectorsOf(attributes);
  return vectors > 0 ? attributes.support_vectors.length / vectors : attributes.coefficients.length / classes;
};
function columnsOf(attributes: Attributes, classes: number): number {
  if (vectorsOf(attributes) === 0 || hasShares(attributes)) return classes;
  return Math.max(2, (classes * (classes - 1)) / 2);
}

function requireLists({ attributes, name }: NodeInfo, classes: number): void {
  const vectors = vectorsOf(attributes);
  const pairs = (classes * (classes - 1)) / 2;
  const numbers: number = (attributes.support_vectors ?? []).length;
  const [many, list, of] =
    vectors === 0
      ? [attributes.coefficients.length as number, "coefficients", `${classes} classes`]
      : [numbers, "support_vectors", `${vectors} support vectors`];
  if (many === 0 || many % (vectors || classes) !== 0)
    refuse(
      "operator-attribute",
      op,
      { name },
      `${list} has ${many} entries, which do not divide into ${of}; change it`,
    );
  if (vectors === 0 && attributes.rho.length === 0)
    refuse("operator-attribute", op, { name }, "rho is empty; give it one number");
  const wanted: Readonly<Record<string, number>> =
    vectors === 0
      ? {}
      : {
          vectors_per_class: classes,
          coefficients: vectors * (classes - 1),
          rho: pairs,
          ...(hasShares(attributes) ? { prob_a: pairs, prob_b: pairs } : {}),
        };
  for (const [list, length] of Object.entries(wanted)) {
    const given: number = attributes[list].length;
    if (given !== length)
      refuse(
        "operator-attribute",
        op,
        { name },
        `${list} has ${given} entries; ${classes} classes and ${vectors} support vectors need ${length}`,
      );
  }
}

/** One column for each pair: which support vector counts how much in its score. */
function pairMatrix(attributes: Attributes, pairs: readonly Pair[]): readonly number[] {
  const per: readonly number[] = attributes.vectors_per_class;
  const vectors = vectorsOf(attributes);
  const classOf = per.flatMap((count, c) => new Array<number>(count).fill(c));
  return classOf.flatMap((c, v) =>
    pairs.map(([i, j]) => {
      const row = c === i ? j - 1 : c === j ? i : undefined;
      return row === undefined ? 0 : (attributes.coefficients[row * vectors + v] as number);
    }),
  );
}

/** How many pairs vote for each class. */
function votesOf(build: Builder, scores: Value, classes: number): Value {
  const pairs = pairsOf(classes);
  const change = pairs.flatMap(([i, j]) => Array.from({ length: classes }, (_, c) => (c === i ? 1 : c === j ? -1 : 0)));
  const against = Array.from({ length: classes }, (_, c) => c);
  const first = build.node("Cast", [build.node("Greater", [scores, build.constant("f32", [], [0])])], {
    to: onnxCodeOf("f32"),
  });
  const moved = build.node("MatMul", [first, build.constant("f32", [pairs.length, classes], change)]);
  return build.node("Add", [moved, build.constant("f32", [classes], against)]);
}

function columns(node: NodeInfo, build: Builder, scores: Value, classes: number): Value {
  const { attributes } = node;
  const transform: string = attributes.post_transform;
  if (hasShares(attributes)) {
    const { prob_a, prob_b } = attributes;
    const list = (x: readonly number[]): Value => build.constant("f32", [x.length], x);
    const moved = build.node("Add", [build.node("Mul", [scores, list(prob_a)]), list(prob_b)]);
    const share = build.node("Sigmoid", [build.node("Neg", [moved])]);
    const coupledShares = build.node("PairwiseCoupling", [share], { classes }, "azulejo");
    return transformScores(build, coupledShares, transform, "f32");
  }
  const both = classes === 2 ? build.node("Concat", [build.node("Neg", [scores]), scores], { axis: 1 }) : scores;
  return transformScores(build, both, transform, "f32");
}

/** Without support vectors every class has coefficients of its own; the kernel goes over their sums. */
function linear(node: NodeInfo, build: Builder, X: Value, classes: number): Readonly<Record<string, Value>> {
  const { coefficients, rho, post_transform } = node.attributes;
  const rows = build.constant("f32", [classes, featuresOf(node.attributes, classes)], coefficients);
  const product = build.node("MatMul", [X, build.node("Transpose", [rows], { perm: [1, 0] })]);
  const scores = build.node("Add", [product, build.constant("f32", [], [rho[0]])]);
  return {
    Y: largestLabel(build, scores, classLabels(op, node)),
    Z: transformScores(build, scores, post_transform, "f32"),
  };
}

export const doc: OperatorDoc = {
  summary: "Rows compared with support vectors by a kernel: the label that most pairs of classes vote for, and scores",
  dtypes: "number",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 256, absolute: 256 };

/** Without shares: those are the work of the host. */
export const reference: Reference = ({ X }, attributes) => {
  const { classlabels_ints: labels, coefficients, rho, support_vectors } = attributes;
  const transform: string = attributes.post_transform ?? "NONE";
  const [rows, features] = X!.dims as [number, number];
  const all = numbersOf(X!);
  const vectors = vectorsOf(attributes);
  const pairs = pairsOf(labels.length);
  const matrix = vectors > 0 ? pairMatrix(attributes, pairs) : [];
  const most = (row: readonly number[]): bigint => BigInt(labels[row.indexOf(Math.max(...row))]);
  const results = Array.from({ length: rows }, (_, r) => {
    const x = all.slice(r * features, (r + 1) * features);
    const part = (list: readonly number[], k: number): readonly number[] =>
      list.slice(k * features, (k + 1) * features);
    if (vectors === 0) {
      const sums: readonly number[] = labels.map(
        (_: number, c: number) => kernelOf(x, part(coefficients, c), {}) + rho[0],
      );
      return { label: most(sums), scores: transformedRow(sums, transform) };
    }
    const similar = Array.from({ length: vectors }, (_, v) => kernelOf(x, part(support_vectors, v), attributes));
    const scores = pairs.map((_, p) => similar.reduce((s, k, v) => s + k * matrix[v * pairs.length + p]!, rho[p]));
    const votes = new Array<number>(labels.length).fill(0);
    pairs.forEach(([i, j], p) => votes[scores[p]! > 0 ? i : j]!++);
    const own = labels.length === 2 ? [-scores[0]!, scores[0]!] : scores;
    return { label: most(votes), scores: transformedRow(own, transform) };
  });
  return {
    Y: { dtype: "i64", dims: [rows], data: results.map(({ label }) => label) },
    Z: {
      dtype: "f32",
      dims: [rows, columnsOf(attributes, labels.length)],
      data: results.flatMap(({ scores }) => scores),
    },
  };
};

const three = {
  classlabels_ints: [3, 5, 9],
  vectors_per_class: [2, 1, 1],
  support_vectors: [0.5, -1, 1, 0.25, -0.5, 2, 0.75, 0.5],
  coefficients: [1, 0.5, -0.5, -0.75, 0.25, 0.75, 0.5, -1],
  rho: [0.125, -0.25, 0.0625],
};
const two = {
  classlabels_ints: [3, 5],
  vectors_per_class: [2, 1],
  support_vectors: [0.5, -1, 1, 0.25, -0.5, 2],
  coefficients: [1, 0.5, -1.5],
  rho: [0.125],
};
const of = (name: string, attributes: Attributes, dtype: "f32" | "i64" = "f32"): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  outputCount: 2,
  inputs: { X: { dtype, dims: [7, 2], range: [-2, 2] } },
});
export const cases = (): readonly OperatorCase[] => [
  ...svmKernels.map(kernel_type =>
    of(`three classes, ${kernel_type}`, { ...three, kernel_type, kernel_params: [0.5, 0.25, 3] }),
  ),
  ...svmKernels.map(kernel_type =>
    of(`two classes, ${kernel_type}`, { ...two, kernel_type, kernel_params: [0.5, 0.25, 3] }),
  ),
  of("three classes, LOGISTIC", { ...three, post_transform: "LOGISTIC" }, "i64"),
  of("two classes, LOGISTIC", { ...two, post_transform: "LOGISTIC" }),
  of("without vectors", {
    classlabels_ints: [0, 1, 2],
    coefficients: [0.5, -2, 1, 1, -1, 0.25],
    rho: [0.5],
    post_transform: "SOFTMAX",
  }),
];
