// MatMul: products of matrices as numpy's matmul has them: vectors are promoted, leading dims broadcast.
import type { Dims, Value } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { is64BitInteger } from "../ir/dtypes.js";
import type { AnyIndex, AnyTile } from "../tile/index.js";
import { dot } from "../tile/index.js";
import { broadcastDims, readBroadcast, requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { sumTo } from "./derivatives.js";
import { commonDtype } from "./elementwise.js";
import { broadcastNumbers, broadcastReader, floats, wrap } from "./elementwise-references.js";
import type {
  Builder,
  Differentiation,
  NodeInfo,
  Operand,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  Tolerance,
} from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { tabulate, withDims } from "./reference-tensors.js";

export const operator: Operator = {
  name: "MatMul",
  inputs: ["A", "B"],
  outputs: ["Y"],
  shape: node => ({ Y: matMulDims("MatMul", node, "A", "B") }),
  dtypes: node => ({ Y: commonDtype("MatMul", node, ["A", "B"]) }),
  derivative: matMulDerivative,
  at: ({ inputs, outputs }) => ({
    Y: (...i) => {
      const { a, b, k } = factorsAt(inputs.A!, inputs.B!, i, outputs.Y!);
      return dot(a, b, k).cast(inputs.A!.dtype);
    },
  }),
};

/** What meets in an element of a product, and the axis along which it is added up. */
export interface Factors {
  readonly a: AnyTile;
  readonly b: AnyTile;
  readonly k: AnyIndex;
}
export function factorsAt(A: Operand, B: Operand, i: readonly AnyTile[], out: Dims): Factors {
  const rows = A.rank > 1 ? 1 : 0;
  const columns = B.rank > 1 ? 1 : 0;
  const batch = i.length - rows - columns;
  const k = A.dims[A.rank - 1]!.all("k");
  const lead = i.slice(0, batch);
  const dims = out.slice(0, batch);
  const a = readBroadcast(
    A,
    [...lead, ...i.slice(batch, batch + rows), k],
    [...dims, ...out.slice(batch, batch + rows), A.dims[A.rank - 1]!.poly],
  );
  const b = readBroadcast(
    B,
    [...lead, k, ...i.slice(batch + rows)],
    [...dims, B.dims[B.rank - 1 - columns]!.poly, ...out.slice(batch + rows)],
  );
  return { a, b, k };
}

export function matMulDims(op: string, node: NodeInfo, a: string, b: string): Dims {
  const [A, B] = [node.dims[a]!, node.dims[b]!];
  if (A.length === 0 || B.length === 0)
    refuse(
      "shape",
      op,
      node,
      `${a} of ${printDims(A)} and ${b} of ${printDims(B)} can't be multiplied; both need at least one dim`,
    );
  const inner = [A.at(-1)!, B.length > 1 ? B.at(-2)! : B[0]!] as const;
  requireEqual(
    op,
    node,
    ...inner,
    `${a} of ${printDims(A)} has rows of ${inner[0].print()} and ${b} of ${printDims(B)} columns of ${inner[1].print()}; they must agree`,
  );
  const batch = broadcastDims(op, { ...node, dims: { A: A.slice(0, -2), B: B.slice(0, -2) } }, ["A", "B"]);
  return [...batch, ...(A.length > 1 ? [A.at(-2)!] : []), ...(B.length > 1 ? [B.at(-1)!] : [])];
}

/** dA = dY · Bᵀ, dB = Aᵀ · dY, summed over the batches that were stretched. */
function matMulDerivative(node: Differentiation, build: Builder): Record<string, Value> {
  const { A, B } = node.inputs as Readonly<Record<"A" | "B", Value>>;
  const by = node.by.Y!;
  if (A.dims!.length < 2 || B.dims!.length < 2)
    refuse(
      "operator-unsupported",
      "MatMul",
      node,
      `its derivative for vectors, A of ${printDims(A.dims!)} and B of ${printDims(B.dims!)}, is not supported; unsqueeze them to matrices`,
    );
  const turned = (x: Value): Value => {
    const rank = x.dims!.length;
    const perm = Array.from({ length: rank }, (_, d) => (d < rank - 2 ? d : 2 * rank - 3 - d));
    return build.node("Transpose", [x], { perm });
  };
  const batch = node.outputs.Y!.slice(0, -2);
  const [a, b] = [build.node("MatMul", [by, turned(B)]), build.node("MatMul", [turned(A), by])];
  return {
    A: sumTo(node, build, a, [...batch, ...A.dims!.slice(-2)], A.dims!),
    B: sumTo(node, build, b, [...batch, ...B.dims!.slice(-2)], B.dims!),
  };
}

export const doc: OperatorDoc = {
  summary: "The matrix product of A and B as numpy's matmul has it: vectors are promoted, leading dims broadcast",
  dtypes: "number",
  opsets: [1, 13],
};
/** worst measured on wasm in f32: 12 ε of the input, 31 products */
export const tolerance: Tolerance = { relative: 4, absolute: 16 };

export const reference: Reference = inputs => {
  const A = inputs.A!;
  const B = inputs.B!;
  const a = A.dims.length > 1 ? A : withDims(A, [1, A.dims[0]!]);
  const b = B.dims.length > 1 ? B : withDims(B, [B.dims[0]!, 1]);
  const batch = broadcastNumbers([a.dims.slice(0, -2), b.dims.slice(0, -2)]);
  const full = [...batch, a.dims.at(-2)!, b.dims.at(-1)!];
  const [readA, readB] = [broadcastReader(a), broadcastReader(b)];
  const inner = a.dims.at(-1)!;
  const y = tabulate(A.dtype, full, i => {
    const [m, n] = [i[i.length - 2]!, i[i.length - 1]!];
    const lead = i.slice(0, -2);
    let sum: Element = is64BitInteger(A.dtype) ? 0n : 0;
    for (let k = 0; k < inner; k++) sum = fused(sum, readA([...lead, m, k]), readB([...lead, k, n]));
    return wrap(A.dtype, sum);
  });
  return {
    Y: withDims(y, [
      ...batch,
      ...(A.dims.length > 1 ? [a.dims.at(-2)!] : []),
      ...(B.dims.length > 1 ? [b.dims.at(-1)!] : []),
    ]),
  };
};
const fused = (sum: Element, a: Element, b: Element): Element =>
  typeof sum === "bigint" ? sum + BigInt(a) * BigInt(b) : sum + Number(a) * Number(b);

const of = (a: readonly number[], b: readonly number[], dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${a.join("×")} by ${b.join("×")}`,
  inputs: { A: { dtype, dims: a }, B: { dtype, dims: b } },
});
export const cases = (): readonly OperatorCase[] => [
  ...([...floats, "i32", "i64", "u32", "u64"] as const).map(d => of([5, 7], [7, 3], d)),
  of([17, 31], [31, 13]),
  of([1, 1], [1, 1]),
  of([7], [7]),
  of([5, 7], [7]),
  of([7], [7, 3]),
  of([2, 3, 5, 7], [2, 3, 7, 4]),
  of([2, 1, 5, 7], [3, 7, 4]),
  of([2, 3, 5, 7], [7, 4]),
  of([3, 5, 7], [7]),
  of([0, 7], [7, 3]),
  of([5, 0], [0, 3]),
];
