// Det: determinants of matrices, by elimination with the largest element of each column as the pivot.
import type { Dims } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { Poly, Sym } from "../ir/poly.js";
import type { Kernel, Tensor } from "../ir/tile.js";
import { newAxis } from "../ir/tile.js";
import type { AnyIndex, AnyTile, View } from "../tile/index.js";
import { dimOf, fold, full, recordKernel, where } from "../tile/index.js";
import { computeDtype } from "./accumulate.js";
import { holdEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { numbersOf, sizeOf } from "./reference-tensors.js";

export const operator: Operator = {
  name: "Det",
  inputs: ["X"],
  outputs: ["Y"],
  shape: node => ({ Y: squareMatrices("Det", node).slice(0, -2) }),
  kernels: node => [kernelOf(node)],
};

/** Dims of X, whose last two agree. */
export function squareMatrices(op: string, node: NodeInfo): Dims {
  const X = node.dims.X!;
  const [rows, columns] = X.slice(-2);
  if (X.length < 2 || (rows!.isConst && columns!.isConst && !rows!.equals(columns!)))
    refuse("shape", op, node, `X of ${printDims(X)} holds no square matrices; its last two dims must agree`);
  if (!rows!.equals(columns!)) holdEqual(node, rows!, columns!);
  return X;
}

function kernelOf(node: NodeInfo): Kernel {
  const X: Dims = node.dims.X!;
  const dtype = node.dtypes.X!;
  const batch = X.slice(0, -2).map((_, d) => Poly.sym(new Sym(`B${d}`)));
  const M = Poly.sym(new Sym("M"));
  const tensors: readonly Tensor[] = [
    { name: "X", dtype, dims: [...batch, M, M], role: "input" },
    { name: "Y", dtype, dims: batch, role: "output" },
  ];
  const dims = [...batch.map((size, d) => ({ name: `B${d}`, size })), { name: "M", size: M }];
  const grid = batch.map((size, d) => newAxis(`b${d}`, size));
  return recordKernel({ name: "determinant", tensors, dims, grid }, (views, b) => eliminate(views, b, M, dtype));
}

function eliminate(views: Readonly<Record<string, View<Dtype>>>, b: readonly AnyIndex[], M: Poly, dtype: Dtype): void {
  const compute = computeDtype(dtype);
  const [i, j] = [dimOf("M", M).all("i"), dimOf("M", M).all("j")];
  const start = [views.X!.at(...b, i, j).cast(compute), full(compute, 1, ...b)] as const;
  const [, determinant] = fold(dimOf("M", M).steps(), start, (k, [A, product]): [AnyTile, AnyTile] => {
    const column = where(j.eq(k), A, 0).sum(j);
    const size = where(i.ge(k), column.abs(), -1);
    // the first of the largest: rows from k on
    // NaN is the largest, but equals nothing
    const row = where(size.eq(size.max(i)).or(size.ne(size)), i, M_MAX).min(i);
    const top = where(i.eq(row), A, 0).sum(i);
    const replaced = where(i.eq(k), A, 0).sum(i);
    const swapped = where(i.eq(k), top, where(i.eq(row), replaced, A));
    const pivot = where(j.eq(k), top, 0).sum(j);
    const factor = where(pivot.eq(0), 0, where(j.eq(k), swapped, 0).sum(j).div(pivot));
    const rest = where(i.gt(k), swapped.sub(factor.mul(top)), swapped);
    return [rest, product.mul(where(row.eq(k), pivot, pivot.neg()))];
  });
  views.Y!.at(...b).set(determinant.cast(dtype));
}
/** above all rows */
const M_MAX = 2 ** 31 - 1;

export const doc: OperatorDoc = {
  summary: "Determinants of the matrices in the last two dims",
  dtypes: "float",
  opsets: [11, 22],
};
/** relative to the largest product of the elimination */
export const tolerance: Tolerance = { relative: 64, absolute: 64 };

/** By the same elimination in float64, rows exchanged in place. */
export const reference: Reference = ({ X }) => {
  const size = X!.dims.at(-1)!;
  const batch = X!.dims.slice(0, -2);
  const data = numbersOf(X!);
  const determinants = Array.from({ length: sizeOf(batch) }, (_, b) => {
    const rows = Array.from({ length: size }, (_, r) => data.slice((b * size + r) * size, (b * size + r + 1) * size));
    let product = 1;
    for (let k = 0; k < size; k++) {
      const from = rows
        .slice(k)
        .reduce((best, row, r) => (Math.abs(row[k]!) > Math.abs(rows[best]![k]!) ? k + r : best), k);
      if (from !== k) {
        [rows[k], rows[from]] = [rows[from]!, rows[k]!];
        product = -product;
      }
      const pivot = rows[k]![k]!;
      product *= pivot;
      if (pivot === 0) break;
      for (const row of rows.slice(k + 1)) {
        const factor = row[k]! / pivot;
        rows[k]!.forEach((x, c) => {
          row[c] = row[c]! - factor * x;
        });
      }
    }
    return product;
  });
  return { Y: { dtype: X!.dtype, dims: batch, data: determinants } };
};

const of = (dims: readonly number[], more: object = {}): OperatorCase => ({
  name: `${dims.join("×")} ${Object.keys(more)}`,
  inputs: { X: { dtype: "f32", dims, ...more } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(dtype => of([2, 3, 3], { dtype })),
  of([1, 1]),
  of([2, 2]),
  of([3, 5, 5]),
  of([7, 7]),
  of([2, 3, 4, 4]),
  of([3, 3], { data: [0, 2, 1, 0, 0, 3, 4, 1, 1] }),
  of([3, 3], { data: [1, 2, 3, 2, 4, 6, 1, 1, 1] }),
  of([0, 3, 3]),
  of([2, 2, 2], { data: [1, Number.NaN, 2, 3, Number.NaN, 1, 2, 3] }),
];
