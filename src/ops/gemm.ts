// Gemm: alpha · A · B + beta · C, where A and B may be transposed and C broadcasts.
import type { Dims } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { isFloat } from "../ir/dtypes.js";
import { dot } from "../tile/index.js";
import { readBroadcast, requireBroadcastTo, requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { commonDtype } from "./elementwise.js";
import { broadcastReader, floats } from "./elementwise-references.js";
import type {
  Attributes,
  NodeInfo,
  Operand,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "./operator.js";
import { elementOf, elements, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "Gemm",
  inputs: ["A", "B", "C?"],
  outputs: ["Y"],
  attributes: {
    alpha: { type: "float", default: 1 },
    beta: { type: "float", default: 1 },
    transA: { type: "int", default: 0 },
    transB: { type: "int", default: 0 },
    broadcast: { type: "int" },
  },
  shape: node => ({ Y: gemmDims(node) }),
  dtypes: node => ({ Y: commonDtype("Gemm", node, ["A", "B"]) }),
  at: ({ inputs, outputs, attributes }) => ({
    Y: (m, n) => {
      const { A, B, C } = inputs as { A: Operand; B: Operand; C?: Operand };
      const { alpha, beta, transA, transB } = attributes;
      const k = A.dims[transA ? 0 : 1]!.all("k");
      const product = dot(transA ? A.at(k, m!) : A.at(m!, k), transB ? B.at(n!, k) : B.at(k, n!), k);
      const y = alpha === 1 ? product : product.mul(alpha);
      if (!C || beta === 0) return y.cast(A.dtype);
      const c = readBroadcast(C, [m!, n!], outputs.Y!).cast(y.dtype);
      return y.add(beta === 1 ? c : c.mul(beta)).cast(A.dtype);
    },
  }),
};

function gemmDims(node: NodeInfo): Dims {
  const { A, B, C } = node.dims as { A: Dims; B: Dims; C?: Dims };
  if (A.length !== 2 || B.length !== 2)
    refuse(
      "shape",
      "Gemm",
      node,
      `A of ${printDims(A)} and B of ${printDims(B)} are not both matrices; reshape them, or use MatMul`,
    );
  const [m, k] = node.attributes.transA ? [A[1]!, A[0]!] : [A[0]!, A[1]!];
  const [inner, n] = node.attributes.transB ? [B[1]!, B[0]!] : [B[0]!, B[1]!];
  const meeting = `A of ${printDims(A)} and B of ${printDims(B)} meet in ${k.print()} and ${inner.print()}; they must agree`;
  requireEqual("Gemm", node, k, inner, meeting);
  for (const factor of ["alpha", "beta"] as const)
    if (!isFloat(node.dtypes.A!) && !Number.isInteger(node.attributes[factor]))
      refuse(
        "operator-attribute",
        "Gemm",
        node,
        `${factor} ${node.attributes[factor]} is no whole number, and A is ${node.dtypes.A}; cast A and B to a float dtype, or use a whole number`,
      );
  if (C) requireBroadcastTo("Gemm", { ...node, dims: { "A · B": [m, n], C } }, "C", "A · B");
  return [m, n];
}

export const doc: OperatorDoc = {
  summary: "alpha · A · B + beta · C; transA and transB transpose, C broadcasts",
  dtypes: "number",
  opsets: [1, 13],
};
/** worst measured on wasm in f32: 16 ε of the input */
export const tolerance: Tolerance = { relative: 4, absolute: 16 };

export const reference: Reference = (inputs, attributes) => {
  const { A, B, C } = inputs as { A: ReferenceTensor; B: ReferenceTensor; C?: ReferenceTensor };
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = attributes;
  const [a, b, c] = [elements(A), elements(B), C && broadcastReader(C)];
  const dims = [A.dims[transA ? 1 : 0]!, B.dims[transB ? 0 : 1]!];
  return {
    Y: tabulate(A.dtype, dims, ([m, n]) => {
      let sum = 0;
      for (let k = 0; k < A.dims[transA ? 0 : 1]!; k++)
        sum += Number(a(transA ? [k, m!] : [m!, k])) * Number(b(transB ? [n!, k] : [k, n!]));
      // as in ONNX's reference and BLAS, C does not count where beta is 0, whatever it holds
      return elementOf(A.dtype, alpha * sum + (c && beta !== 0 ? beta * Number(c([m!, n!])) : 0));
    }),
  };
};

const of = (
  a: readonly number[],
  b: readonly number[],
  c: readonly number[] | undefined,
  attributes: Attributes = {},
  dtype: Dtype = "f32",
): OperatorCase => ({
  name: `${dtype} ${a.join("×")} by ${b.join("×")}${c ? ` plus ${c.join("×") || "scalar"}` : ""}${Object.entries(attributes).map(([k, v]) => ` ${k}=${v}`)}`,
  attributes,
  inputs: { A: { dtype, dims: a }, B: { dtype, dims: b }, ...(c ? { C: { dtype, dims: c } } : {}) },
});
export const cases = (): readonly OperatorCase[] => [
  ...([...floats, "i32", "i64"] as const).map(d => of([5, 7], [7, 3], [5, 3], {}, d)),
  of([5, 7], [7, 3], undefined),
  of([7, 5], [7, 3], [3], { transA: 1 }),
  of([5, 7], [3, 7], [1, 3], { transB: 1, alpha: 0.5, beta: 0.25 }),
  of([7, 5], [3, 7], [5, 1], { transA: 1, transB: 1 }),
  of([17, 31], [31, 13], []),
  of([1, 1], [1, 1], [1]),
  of([0, 7], [7, 3], [3]),
  of([5, 0], [0, 3], [3]),
];
