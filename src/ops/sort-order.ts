// SortOrder: which rows of a matrix come first where rows are sorted, lexicographically and stably; NaN is the largest number, −0 equals 0.
// An operator of this project: Unique expands to it. A radix sort, four bits of a key at a time from the last: N · bits / 4 steps, no comparison.
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf, fold, i32, kernelOf, materialize, scan, tensor, where, zeros } from "../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact } from "./reference-tensors.js";
import { sortKey } from "./top-k-kernels.js";

const DIGIT_BITS = 4;

export const operator: Operator = {
  name: "SortOrder",
  domain: "azulejo",
  inputs: ["X"],
  outputs: ["order"],
  dtypes: () => ({ order: "i32" }),
  shape: ({ dims }) => ({ order: [dims.X![0]!] }),
  kernels: ({ dtypes }) => [sortKernel(dtypes.X!)],
};

const sortKernel = (dtype: Dtype) =>
  kernelOf(
    { X: tensor(dtype, "N M"), order: i32("N") },
    ({ X, order, N, M }) => {
      const n = N.all();
      const digits = dimOf("digits", Poly.int(1 << DIGIT_BITS)).all();
      const passes = (8 * (bytesOf(dtype) === 8 ? 8 : 4)) / DIGIT_BITS;
      const turns = dimOf("turns", M.poly.mul(passes));
      const [sorted] = fold(turns.steps(), [n as AnyTile] as const, (turn, [so]) => {
        const before = materialize(so!, n);
        const column = M.size.sub(1).sub(turn.idiv(passes));
        const shift = turn.imod(passes).mul(DIGIT_BITS);
        const digitOf = (row: AnyTile): AnyTile => {
          const key = sortKey(X.at(row, column), true);
          return key
            .shr(shift.cast(key.dtype as Dtype) as never)
            .and((1 << DIGIT_BITS) - 1)
            .cast("i32");
        };
        const [counts] = fold(N.steps(), [zeros("i32", digits) as AnyTile] as const, (t, [c]) => {
          const d = digitOf(before.at(t));
          return [where(digits.eq(d as never), c!.add(1), c!)] as const;
        });
        const first: AnyTile = scan(counts as never, digits, "sum", { exclusive: true });
        const [, next] = fold(N.steps(), [first, zeros("i32", n) as AnyTile] as const, (t, [places, out]) => {
          const row = before.at(t);
          const d = digitOf(row);
          const place = materialize(places!, digits).at(d as never);
          return [
            where(digits.eq(d as never), places!.add(1), places!),
            where(n.eq(place as never), row, out!),
          ] as const;
        });
        return [next] as const;
      });
      order.at(n).set(sorted as never);
    },
    { name: "sortOrder" },
  );

export const reference: Reference = ({ X }) => {
  const [N, M] = X!.dims as [number, number];
  const data = Array.from(X!.data as ArrayLike<number | bigint>);
  const rank = (x: number | bigint): number => (Number.isNaN(x) ? 1 : 0);
  const order = Array.from({ length: N }, (_, i) => i).sort((a, b) => {
    for (let m = 0; m < M; m++) {
      const [x, y] = [data[a * M + m]!, data[b * M + m]!];
      if (rank(x) !== rank(y)) return rank(x) - rank(y);
      if (x < y) return -1;
      if (x > y) return 1;
    }
    return a - b;
  });
  return { order: { dtype: "i32", dims: [N], data: order } };
};

const of = (
  dtype: Dtype,
  dims: readonly [number, number],
  range: readonly [number, number] = [-3, 3],
): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}`,
  inputs: { X: { dtype, dims, range } },
});
export const cases = (): readonly OperatorCase[] => [
  ...(["f32", "f64", "f16", "i8", "i32", "i64", "u8", "u32", "u64", "bool"] as const).map(d =>
    of(d, [37, 1], d === "bool" ? [0, 1] : undefined),
  ),
  of("i32", [29, 3]),
  of("f32", [300, 1], [-1e9, 1e9]),
  of("f32", [1, 5]),
  of("f32", [0, 2]),
  of("f32", [4, 0]),
  {
    name: "NaN, infinities and zeros of both signs",
    inputs: { X: { dtype: "f32", dims: [8, 1], data: [Number.NaN, 0, -0, Infinity, -Infinity, 1, Number.NaN, -1] } },
  },
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Which rows of a matrix come first in a stable lexicographic order: a part of Unique",
  dtypes: "number or bool",
  opsets: [1, 1],
};
