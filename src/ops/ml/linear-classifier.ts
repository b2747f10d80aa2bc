// LinearClassifier: classes by linear scores: the label of the largest, and the scores.
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { refuse } from "../checks.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import type { ClassLabels } from "./class-labels.js";
import { classLabels, hasTextLabels, labelDtype, labelWhere, largestLabel } from "./class-labels.js";
import { linearAttributes, linearRows, linearScores, requireFeatures } from "./linear-regressor.js";
import { transformedRow, transformScores } from "./score-transform.js";

const op = "LinearClassifier";

export const operator: Operator = {
  name: op,
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y", "Z?"],
  attributes: {
    ...linearAttributes,
    classlabels_ints: { type: "ints" },
    classlabels_strings: { type: "strings" },
    multi_class: { type: "int", default: 0 },
  },
  dtypes: node => ({ Y: labelDtype(node), Z: "f32" }),
  makesText: hasTextLabels,
  shape: node => {
    const [rows, labels] = [rowsOf(node), labelsOf(node).length];
    if (rows !== labels && !isOneRowOfTwo(node))
      refuse(
        "operator-attribute",
        op,
        node,
        `there are ${labels} labels and ${rows} intercepts; give an intercept for each label, or one for two labels`,
      );
    requireFeatures(op, node, rows);
    const X = node.dims.X!;
    const batch = X.length === 1 ? Poly.one : X[0]!;
    return { Y: [batch], Z: [batch, Poly.int(labels)] };
  },
  expand: (node, build) => {
    const rows = rowsOf(node);
    const labels = labelsOf(node);
    const { post_transform } = node.attributes;
    const scores = linearScores(node, build, rows, "f32");
    if (isOneRowOfTwo(node)) {
      const others = (first: Value): Value => build.node("Concat", [first, scores], { axis: 1 });
      const both = others(build.node("Neg", [scores]));
      const Y = largestLabel(build, both, labels);
      if (post_transform === "NONE")
        return { Y, Z: others(build.node("Sub", [build.constant("f32", [], [1]), scores])) };
      return { Y, Z: transformScores(build, both, post_transform, "f32") };
    }
    const Z = transformScores(build, scores, post_transform, "f32");
    if (labels.length > 1) return { Y: largestLabel(build, Z, labels), Z };
    // one label alone: it holds from a threshold on, else 0
    const threshold = build.constant("f32", [], [post_transform === "NONE" ? 0 : 0.5]);
    return { Y: labelWhere(build, build.node("GreaterOrEqual", [Z, threshold]), labels), Z };
  },
};

/** The first label's score is −s before a transform, and 1 − s without: ONNX does not say what, and onnxruntime does so. */
const isOneRowOfTwo = (node: NodeInfo): boolean => rowsOf(node) === 1 && labelsOf(node).length === 2;

const labelsOf = (node: NodeInfo): ClassLabels => classLabels(op, node);

/** As many rows of coefficients as intercepts; without those, one for each label. */
const rowsOf = (node: NodeInfo): number => node.attributes.intercepts?.length || labelsOf(node).length;

export const doc: OperatorDoc = {
  summary: "Classes by linear scores: the label of the largest, and the scores",
  dtypes: "number",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 16, absolute: 16 };

export const reference: Reference = ({ X }, attributes) => {
  const { post_transform: transform = "NONE", classlabels_ints: labels, intercepts } = attributes;
  const rows = intercepts?.length || labels.length;
  const isOne = rows === 1 && labels.length === 2;
  const raw = linearRows(X!, rows, attributes).map(row => (isOne ? [-row[0]!, row[0]!] : row));
  const scores = raw.map(row =>
    isOne && transform === "NONE" ? [1 - row[1]!, row[1]!] : transformedRow(row, transform),
  );
  const label = (row: readonly number[]): number =>
    labels.length > 1
      ? labels[row.indexOf(Math.max(...row))]
      : row[0]! >= (transform === "NONE" ? 0 : 0.5)
        ? labels[0]
        : 0;
  return {
    Y: { dtype: "i64", dims: [scores.length], data: (isOne ? raw : scores).map(row => BigInt(label(row))) },
    Z: { dtype: "f32", dims: [scores.length, isOne ? 2 : rows], data: scores.flat() },
  };
};

const of = (name: string, attributes: Attributes): OperatorCase => ({
  name: `${name} ${attributes.post_transform ?? ""}`,
  attributes,
  outputCount: 2,
  inputs: { X: { dtype: "f32", dims: [7, 2] } },
});
// no two scores are equal where X is made of halves
const three = { coefficients: [0.5, -1, 2, 1, 0.25, -0.5], intercepts: [0.1, -0.2, 0.33], classlabels_ints: [4, 5, 9] };
const one = { coefficients: [0.5, -1], intercepts: [0.1] };
export const cases = (): readonly OperatorCase[] => [
  ...["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"].map(post_transform =>
    of("three classes", { ...three, post_transform }),
  ),
  ...["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"].map(post_transform =>
    of("two classes, one row", { ...one, classlabels_ints: [0, 1], post_transform }),
  ),
  of("one class", { ...one, classlabels_ints: [3] }),
];
