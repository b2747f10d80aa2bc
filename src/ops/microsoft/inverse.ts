// Inverse of com.microsoft: inverses of matrices, by Gauss-Jordan elimination with the largest element of each column as the pivot.
import type { Dtype } from "../../ir/dtypes.js";
import { Poly, Sym } from "../../ir/poly.js";
import type { Kernel, Tensor } from "../../ir/tile.js";
import { newAxis } from "../../ir/tile.js";
import type { AnyIndex, AnyTile, View } from "../../tile/index.js";
import { dimOf, fold, full, recordKernel, where } from "../../tile/index.js";
import { computeDtype } from "../accumulate.js";
import { squareMatrices } from "../det.js";
import { floats } from "../elementwise-references.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { numbersOf, sizeOf } from "../reference-tensors.js";

export const operator: Operator = {
  name: "Inverse",
  domain: "com.microsoft",
  inputs: ["X"],
  outputs: ["Y"],
  shape: node => ({ Y: squareMatrices("Inverse", node) }),
  kernels: node => [kernelOf(node)],
};

function kernelOf(node: NodeInfo): Kernel {
  const dtype = node.dtypes.X!;
  const batch = node.dims.X!.slice(0, -2).map((_, d) => Poly.sym(new Sym(`B${d}`)));
  const M = Poly.sym(new Sym("M"));
  const tensors: readonly Tensor[] = [
    { name: "X", dtype, dims: [...batch, M, M], role: "input" },
    { name: "Y", dtype, dims: [...batch, M, M], role: "output" },
  ];
  const dims = [...batch.map((size, d) => ({ name: `B${d}`, size })), { name: "M", size: M }];
  const grid = batch.map((size, d) => newAxis(`b${d}`, size));
  return recordKernel({ name: "inverse", tensors, dims, grid }, (views, b) => invert(views, b, M, dtype));
}

function invert(views: Readonly<Record<string, View<Dtype>>>, b: readonly AnyIndex[], M: Poly, dtype: Dtype): void {
  const compute = computeDtype(dtype);
  const [i, j] = [dimOf("M", M).all("i"), dimOf("M", M).all("j")];
  const identity = where(i.eq(j), full(compute, 1, ...b, i, j), 0);
  const start = [views.X!.at(...b, i, j).cast(compute), identity] as const;
  const [, inverse] = fold(dimOf("M", M).steps(), start, (k, [A, B]): [AnyTile, AnyTile] => {
    const size = where(i.ge(k), where(j.eq(k), A, 0).sum(j).abs(), -1);
    // the first of the largest: rows from k on
    const row = where(size.eq(size.max(i)), i, lastRow).min(i);
    const swapped = (X: AnyTile): { readonly top: AnyTile; readonly rest: AnyTile } => {
      const top = where(i.eq(row), X, 0).sum(i);
      return { top, rest: where(i.eq(row), where(i.eq(k), X, 0).sum(i), X) };
    };
    const [a, c] = [swapped(A), swapped(B)];
    const inversePivot = where(j.eq(k), a.top, 0).sum(j).reciprocal();
    const factor = where(j.eq(k), a.rest, 0).sum(j);
    const next = ({ top, rest }: typeof a): AnyTile => {
      const scaled = top.mul(inversePivot);
      return where(i.eq(k), scaled, rest.sub(factor.mul(scaled)));
    };
    return [next(a), next(c)];
  });
  views.Y!.at(...b, i, j).set(inverse.cast(dtype));
}
/** above all rows */
const lastRow = 2 ** 31 - 1;

export const doc: OperatorDoc = {
  summary: "Inverses of the matrices in the last two dims; a singular one gives infinities and NaN",
  dtypes: "float",
  opsets: [1, 1],
};
/** of matrices whose condition number is small, as those of the cases */
export const tolerance: Tolerance = { relative: 32, absolute: 16 };

/** By the same elimination in float64. */
export const reference: Reference = ({ X }) => {
  const size = X!.dims.at(-1)!;
  const data = numbersOf(X!);
  const count = sizeOf(X!.dims.slice(0, -2));
  const inverses = Array.from({ length: count }, (_, b) => {
    const rows = Array.from({ length: size }, (_, r) => [
      ...data.slice((b * size + r) * size, (b * size + r + 1) * size),
      ...Array.from({ length: size }, (_, c) => (c === r ? 1 : 0)),
    ]);
    for (let k = 0; k < size; k++) {
      let from = k;
      for (let r = k; r < size; r++) if (Math.abs(rows[r]![k]!) > Math.abs(rows[from]![k]!)) from = r;
      [rows[k], rows[from]] = [rows[from]!, rows[k]!];
      const pivot = rows[k]![k]!;
      const top = rows[k]!.map(x => x / pivot);
      rows.forEach((row, r) => {
        const factor = row[k]!;
        rows[r] = r === k ? top : row.map((x, c) => x - factor * top[c]!);
      });
    }
    return rows.flatMap(row => row.slice(size));
  });
  return { Y: { ...X!, data: inverses.flat() } };
};

/** Twice the identity, its rows turned round, and small numbers beside it. */
const wellConditioned = (count: number, size: number): readonly number[] =>
  Array.from({ length: count * size * size }, (_, at) => {
    const [r, c] = [Math.floor(at / size) % size, at % size];
    return ((r + 1) % size === c ? 2 : 0) + Math.sin(1.7 * at + 1) / (2 * size);
  });
const of = (batch: readonly number[], size: number, dtype: "f32" | "f16" | "f64" = "f32"): OperatorCase => ({
  name: `${dtype} ${[...batch, size, size].join("×")}`,
  inputs: {
    X: { dtype, dims: [...batch, size, size], data: wellConditioned(sizeOf(batch), size) },
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2], 4, d as "f32")),
  of([], 3),
  of([], 1),
  of([2, 3], 7),
  of([2], 17),
  of([0], 3),
];
