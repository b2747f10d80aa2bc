// FusedMatMul of com.microsoft: alpha · A · B, either of them transposed in its last two dims, or with its batch next to the last.
import type { Dims, Value } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { commonDtype } from "../elementwise.js";
import { floats } from "../elementwise-references.js";
import * as matMul from "../mat-mul.js";
import type {
  Attributes,
  Builder,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
} from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { reference as transposed } from "../transpose.js";

/** Where each dim of the matrix product's operand lies in the input; a vector stays. */
function permutation(rank: number, trans: number, transBatch: number): readonly number[] | undefined {
  if (rank < 2 || (!trans && !transBatch)) return undefined;
  // with its batch behind the rows, a matrix [M, batch…, K] becomes [batch…, M, K]
  const rows = Array.from({ length: rank }, (_, d) => d);
  const order = transBatch && rank > 2 ? [...rows.slice(1, -1), 0, rank - 1] : rows;
  return trans ? [...order.slice(0, -2), order.at(-1)!, order.at(-2)!] : order;
}
const permutationOf = (name: "A" | "B", rank: number, a: Attributes): readonly number[] | undefined =>
  permutation(rank, a[`trans${name}`] ?? 0, a[`transBatch${name}`] ?? 0);

const asOperands = (node: NodeInfo): NodeInfo => {
  const dims = (name: "A" | "B"): Dims => {
    const own = node.dims[name]!;
    return permutationOf(name, own.length, node.attributes)?.map(d => own[d]!) ?? own;
  };
  return { ...node, dims: { A: dims("A"), B: dims("B") } };
};

export const fusedMatMul = (name: string, attributes: Operator["attributes"] & object): Operator => ({
  name,
  domain: "com.microsoft",
  inputs: ["A", "B"],
  outputs: ["Y"],
  attributes: { alpha: { type: "float", default: 1 }, ...attributes },
  shape: node => matMul.operator.shape(asOperands(node)),
  dtypes: node => ({ Y: commonDtype(name, node, ["A", "B"]) }),
  expand: ({ inputs, attributes: a, dtypes }, build) => {
    const operand = (n: "A" | "B"): Value =>
      permutedBy(build, inputs[n]!, permutationOf(n, inputs[n]!.dims!.length, a));
    const product = build.node("MatMul", [operand("A"), operand("B")]);
    return { Y: a.alpha === 1 ? product : build.node("Mul", [product, build.constant(dtypes.A!, [], [a.alpha])]) };
  },
});
const permutedBy = (build: Builder, x: Value, perm: readonly number[] | undefined): Value =>
  perm ? build.node("Transpose", [x], { perm }) : x;

export const operator: Operator = /* @__PURE__ */ fusedMatMul("FusedMatMul", {
  transA: { type: "int", default: 0 },
  transB: { type: "int", default: 0 },
  transBatchA: { type: "int", default: 0 },
  transBatchB: { type: "int", default: 0 },
});

export const doc: OperatorDoc = {
  summary:
    "alpha · A · B, operands transposed in the last two dims (transA, transB), or with the batch behind the rows (transBatchA, transBatchB)",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = matMul.tolerance;

export const reference: Reference = ({ A, B }, a, node) => {
  const operand = (n: "A" | "B", t: ReferenceTensor): ReferenceTensor => {
    const perm = permutationOf(n, t.dims.length, a);
    return perm ? transposed({ data: t }, { perm }, node).transposed! : t;
  };
  const { Y } = matMul.reference({ A: operand("A", A!), B: operand("B", B!) }, {}, node);
  return { Y: { ...Y!, data: numbersOf(Y!).map(y => y * (a.alpha ?? 1)) } };
};

const of = (
  A: readonly number[],
  B: readonly number[],
  attributes: Attributes = {},
  dtype: Dtype = "f32",
): OperatorCase => ({
  name: `${dtype} ${A.join("×")} by ${B.join("×")} ${Object.keys(attributes).join(" ")}`,
  attributes,
  inputs: { A: { dtype, dims: A }, B: { dtype, dims: B } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([5, 7], [3, 7], { transB: 1, alpha: 0.125 }, d)),
  of([7, 5], [7, 3], { transA: 1 }),
  of([2, 7, 5], [2, 3, 7], { transA: 1, transB: 1, alpha: 2 }),
  of([5, 2, 7], [2, 7, 3], { transBatchA: 1 }),
  of([2, 5, 7], [7, 2, 3], { transBatchB: 1 }),
  of([5, 2, 7], [3, 2, 7], { transBatchA: 1, transBatchB: 1, transB: 1 }),
  of([7], [7, 3], { alpha: 0.5 }),
  of([0, 7], [7, 3]),
];
