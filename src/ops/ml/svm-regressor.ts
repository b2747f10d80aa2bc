// SVMRegressor: rows compared with support vectors by a kernel, summed by coefficients; without vectors, a linear function.
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
import { scoreTransforms, transformedRow, transformScores } from "./score-transform.js";

const op = "SVMRegressor";
export const svmKernels = ["LINEAR", "POLY", "RBF", "SIGMOID"] as const;

export const operator: Operator = {
  name: op,
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    coefficients: { type: "floats", required: true },
    kernel_params: { type: "floats" },
    kernel_type: { type: "string", default: "LINEAR" },
    n_supports: { type: "int", default: 0 },
    one_class: { type: "int", default: 0 },
    post_transform: { type: "string", default: "NONE" },
    rho: { type: "floats", required: true },
    support_vectors: { type: "floats" },
  },
  dtypes: () => ({ Y: "f32" }),
  shape: node => {
    requireOneOf(op, node, "kernel_type", svmKernels);
    requireOneOf(op, node, "post_transform", scoreTransforms);
    const X = node.dims.X!;
    const { n_supports: count, support_vectors: vectors = [] } = node.attributes;
    if (count > 0 && (vectors.length === 0 || vectors.length % count !== 0))
      refuse(
        "operator-attribute",
        op,
        node,
        `support_vectors has ${vectors.length} numbers for ${count} vectors; give as many for each, or n_supports 0`,
      );
    const features = featuresOf(node.attributes);
    const sentence = `X of ${printDims(X)} must be rows of ${features} features, as the vectors or coefficients have; change X`;
    if (X.length !== 2) refuse("shape", op, node, sentence);
    requireEqual(op, node, X[1]!, Poly.int(features), sentence);
    return { Y: [X[0]!, Poly.one] };
  },
  expand: (node, build) => {
    const { attributes } = node;
    const { coefficients, rho, one_class } = attributes;
    const X = build.node("Cast", [node.inputs.X], { to: onnxCodeOf("f32") });
    const number = (x: number): Value => build.constant("f32", [], [x]);
    const similar = attributes.n_supports > 0 ? similarities(node, build, X, attributes.n_supports) : X;
    const column = build.constant("f32", [coefficients.length, 1], coefficients);
    const score = build.node("Add", [build.node("MatMul", [similar, column]), number(rho[0])]);
    const decided =
      one_class === 1 ? build.node("Where", [build.node("Greater", [score, number(0)]), number(1), number(-1)]) : score;
    return { Y: transformScores(build, decided, attributes.post_transform, "f32") };
  },
};

const featuresOf = ({ n_supports, support_vectors, coefficients }: Attributes): number =>
  n_supports > 0 ? support_vectors.length / n_supports : coefficients.length;

/** The kernel of every row and every support vector. */
export function similarities({ attributes }: NodeInfo, build: Builder, X: Value, count: number): Value {
  const { support_vectors: vectors, kernel_type: kernel } = attributes;
  const [gamma = 0, offset = 0, degree = 0] = (attributes.kernel_params ?? []) as readonly number[];
  const features = vectors.length / count;
  const calc = (name: string, ...inputs: Value[]): Value => build.node(name, inputs);
  const number = (x: number): Value => build.constant("f32", [], [x]);
  const rows = build.constant("f32", [count, features], vectors);
  if (kernel === "RBF") {
    const apart = calc("Sub", calc("Unsqueeze", X, build.constant("i64", [1], [1])), rows);
    const squares = build.node("ReduceSumSquare", [apart, build.constant("i64", [1], [2])], { keepdims: 0 });
    return calc("Exp", calc("Mul", squares, number(-gamma)));
  }
  const product = calc("MatMul", X, build.node("Transpose", [rows], { perm: [1, 0] }));
  if (kernel === "LINEAR") return product;
  const moved = calc("Add", calc("Mul", product, number(gamma)), number(offset));
  return kernel === "SIGMOID" ? calc("Tanh", moved) : calc("Pow", moved, number(Math.trunc(degree)));
}

export const doc: OperatorDoc = {
  summary: "Rows compared with support vectors by a kernel, summed by coefficients",
  dtypes: "number",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 32, absolute: 32 };

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, v, i) => s + v * b[i]!, 0);
/** The same of one row and one vector. */
export function kernelOf(a: readonly number[], b: readonly number[], attributes: Attributes): number {
  const [gamma = 0, offset = 0, degree = 0] = (attributes.kernel_params ?? []) as readonly number[];
  const kernel: string = attributes.kernel_type ?? "LINEAR";
  if (kernel === "RBF") return Math.exp(-gamma * a.reduce((s, v, i) => s + (v - b[i]!) ** 2, 0));
  if (kernel === "POLY") return (gamma * dot(a, b) + offset) ** Math.trunc(degree);
  return kernel === "SIGMOID" ? Math.tanh(gamma * dot(a, b) + offset) : dot(a, b);
}

export const reference: Reference = ({ X }, attributes) => {
  const { n_supports: count = 0, support_vectors, coefficients, rho, one_class = 0 } = attributes;
  const features = X!.dims[1]!;
  const x = numbersOf(X!);
  const data = Array.from({ length: X!.dims[0]! }, (_, n) => {
    const row = x.slice(n * features, (n + 1) * features);
    const similar =
      count === 0
        ? row
        : Array.from({ length: count }, (_, s) =>
            kernelOf(row, support_vectors.slice(s * features, (s + 1) * features), attributes),
          );
    const score = dot(similar, coefficients) + rho[0];
    return transformedRow([one_class === 1 ? (score > 0 ? 1 : -1) : score], attributes.post_transform ?? "NONE")[0]!;
  });
  return { Y: { dtype: "f32", dims: [X!.dims[0]!, 1], data } };
};

const vectors = {
  n_supports: 3,
  support_vectors: [0.5, -1, 1, 0.25, -0.5, 2],
  coefficients: [1, -0.5, 0.75],
  rho: [0.1],
};
const of = (attributes: Attributes, dtype: "f32" | "i64" = "f32"): OperatorCase => ({
  name: `${dtype} ${attributes.kernel_type ?? "without vectors"} ${attributes.one_class ? "one class" : ""}`,
  attributes,
  inputs: { X: { dtype, dims: [5, 2], range: [-2, 2] } },
});
export const cases = (): readonly OperatorCase[] => [
  ...svmKernels.map(kernel_type => of({ ...vectors, kernel_type, kernel_params: [0.5, 0.25, 3] })),
  of({ ...vectors, kernel_type: "RBF", kernel_params: [0.5, 0, 0], one_class: 1 }),
  of({ coefficients: [0.5, -2], rho: [1] }, "i64"),
];
