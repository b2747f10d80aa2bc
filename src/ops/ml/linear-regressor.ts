// LinearRegressor: rows of features times coefficients, plus intercepts.
import type { Value } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { requireEqual } from "../broadcast.js";
import { printDims, refuse, requireOneOf } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type {
  AttributeSpec,
  Attributes,
  Builder,
  Expansion,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { scoreTransforms, transformedRow, transformScores } from "./score-transform.js";

export const linearAttributes = {
  coefficients: { type: "floats", required: true },
  intercepts: { type: "floats" },
  post_transform: { type: "string", default: "NONE" },
} as const satisfies Readonly<Record<string, AttributeSpec>>;

/** Checks X against the coefficients, which come as `rows` rows of features. */
export function requireFeatures(op: string, node: NodeInfo, rows: number): void {
  requireOneOf(op, node, "post_transform", scoreTransforms);
  const X = node.dims.X!;
  const count: number = node.attributes.coefficients.length;
  const sentence = `X of ${printDims(X)} does not fit ${count} coefficients in ${rows} row${rows === 1 ? "" : "s"}; each row takes a feature a column`;
  if (X.length < 1 || X.length > 2 || count % rows !== 0) refuse("shape", op, node, sentence);
  requireEqual(op, node, X.at(-1)!, Poly.int(count / rows), sentence);
  const shifts: number = node.attributes.intercepts?.length ?? 0;
  if (shifts !== 0 && shifts !== rows)
    refuse(
      "operator-attribute",
      op,
      node,
      `intercepts has ${shifts} entries; ${rows} rows of coefficients need ${rows}`,
    );
}

/** X · coefficientsᵀ + intercepts, for a vector as one row. */
export function linearScores(
  { inputs, attributes, dims }: Expansion,
  build: Builder,
  rows: number,
  dtype: Dtype,
): Value {
  const cast = build.node("Cast", [inputs.X], { to: onnxCodeOf(dtype) });
  const X = dims.X!.length === 1 ? build.node("Reshape", [cast, build.constant("i64", [2], [1, -1])]) : cast;
  const given = attributes.coefficients as readonly number[];
  const features = given.length / rows;
  // columns are read along: transposed once, here
  const turned = given.map((_, at) => given[(at % rows) * features + Math.floor(at / rows)]!);
  const product = build.node("MatMul", [X, build.constant(dtype, [features, rows], turned)]);
  const { intercepts } = attributes;
  return intercepts?.length
    ? build.node("Add", [product, build.constant(dtype, [intercepts.length], intercepts)])
    : product;
}

export const operator: Operator = {
  name: "LinearRegressor",
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: { ...linearAttributes, targets: { type: "int", default: 1 } },
  dtypes: () => ({ Y: "f32" }),
  shape: node => {
    const { targets } = node.attributes;
    requireFeatures("LinearRegressor", node, targets);
    const X = node.dims.X!;
    return { Y: [X.length === 1 ? Poly.one : X[0]!, Poly.int(targets)] };
  },
  expand: (node, build) => {
    const scores = linearScores(node, build, node.attributes.targets, "f32");
    return { Y: transformScores(build, scores, node.attributes.post_transform, "f32") };
  },
};

export const doc: OperatorDoc = {
  summary: "Rows of features times coefficients, plus intercepts",
  dtypes: "number",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 16, absolute: 16 };

/** Scores by row, before any transform. */
export function linearRows(X: ReferenceTensor, rows: number, { coefficients, intercepts }: Attributes): number[][] {
  const features = X.dims.at(-1)!;
  const x = numbersOf(X);
  return Array.from({ length: x.length / features }, (_, n) =>
    Array.from({ length: rows }, (_, r) => {
      let sum = intercepts?.[r] ?? 0;
      for (let f = 0; f < features; f++) sum += x[n * features + f]! * coefficients[r * features + f];
      return sum;
    }),
  );
}

export const reference: Reference = ({ X }, attributes) => {
  const { targets = 1, post_transform = "NONE" } = attributes;
  const rows = linearRows(X!, targets, attributes).map(row => transformedRow(row, post_transform));
  return { Y: { dtype: "f32", dims: [rows.length, targets], data: rows.flat() } };
};

const of = (attributes: Attributes, dims: readonly number[] = [5, 3], dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} ${JSON.stringify(attributes)}`,
  attributes,
  inputs: { X: { dtype, dims } },
});
const two = { coefficients: [0.5, -1, 2, 1, 0.25, -0.5], intercepts: [0.1, -0.2], targets: 2 };
export const cases = (): readonly OperatorCase[] => [
  of({ coefficients: [0.5, -1, 2] }),
  of(two),
  of({ ...two, post_transform: "SOFTMAX" }),
  of(two, [3]),
  of(two, [4, 3], "i64"),
];
