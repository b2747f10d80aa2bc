// Scans, reductions by a function, and folds that leave out steps.
import type { AnyTile, Dtype, ScanOptions } from "../../src/tile/index.js";
import { f32, fold, grid, i32, literal, reduce, scan, tensor, where, zeros } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import type { TypedCase } from "./typed-cases.js";

/** Y[r, n] joins X[r, 0 … n] */
export const scanRows = (op: "sum" | "prod" | "max" | "min", dtype: Dtype, options: ScanOptions = {}) =>
  kernel(
    { X: tensor(dtype, "R N"), Y: tensor(dtype, "R N") },
    ({ X, Y, R, N }) =>
      grid(R.tile(), r => {
        const n = N.all();
        const joined: AnyTile = scan(X.at(r, n), n, op as "sum", options);
        Y.at(r, n).set(joined.cast(dtype) as never);
      }),
    { name: "scanRows" },
  );

/** sums up to the last 0 in front: a scan whose function is not commutative */
export const restarted = () =>
  kernel(
    { X: i32("N"), Y: i32("N") },
    ({ X, Y, N }) => {
      const n = N.all();
      const sums = scan(X.at(n), n, (so, x) => where(x.eq(0), literal("i32", 0), so.add(x)), { start: 0 });
      Y.at(n).set(sums);
    },
    { name: "restarted" },
  );

/** the value of a polynomial whose coefficients are the columns of X, highest first */
export const horner = () =>
  kernel(
    { X: f32("R N"), P: f32("R"), Y: f32("R") },
    ({ X, P, Y, R, N }) =>
      grid(R.tile(), r => {
        const n = N.all();
        const p = P.at(r);
        Y.at(r).set(reduce(X.at(r, n), (so, c) => so.mul(p as never).add(c) as AnyTile, 0, n));
      }),
    { name: "horner" },
  );

/** how many halvings bring each number to 1 or below, at most six */
export const halvings = () =>
  kernel(
    { X: f32("N"), Y: i32("N") },
    ({ X, Y, N, S }) => {
      const n = N.all();
      const start = [X.at(n) as AnyTile, zeros("i32", n) as AnyTile] as const;
      const [, steps] = fold(S.steps(), start, (_, [x, c]) => [x.mul(0.5), c.add(1)], { when: ([x]) => x.gt(1) });
      Y.at(n).set(steps as never);
    },
    { name: "halvings", statics: { S: 6 } },
  );

/** how many steps of a sum over all of X it takes to reach the limit: steps behind are left out whole */
export const stepsTo = () =>
  kernel(
    { X: f32("N"), Limit: f32(""), Y: i32("") },
    ({ X, Limit, Y, N }) => {
      const start = [zeros("f32") as AnyTile, zeros("i32") as AnyTile] as const;
      const [, count] = fold(N.steps(), start, (t, [s, c]) => [s.add(X.at(t)), c.add(1)], {
        when: ([s]) => s.lt(Limit.at()),
      });
      Y.at().set(count as never);
    },
    { name: "stepsTo" },
  );

const rows = [3, 1, -2, 5, 2, 4, -1, 0];
const scanned = (
  name: string,
  kernelOf: () => ReturnType<typeof scanRows>,
  want: readonly (number | bigint)[],
): TypedCase => ({
  name: `scan: ${name}`,
  kernel: () => kernelOf().ir,
  tensors: {
    X: { dims: [2, 4], values: typeof want[0] === "bigint" ? rows.map(BigInt) : rows },
    Y: { dims: [2, 4] },
  },
  output: "Y",
  want,
});
export const scanCases: readonly TypedCase[] = [
  scanned("sums", () => scanRows("sum", "f32"), [3, 4, 2, 7, 2, 6, 5, 5]),
  scanned("sums, exclusive", () => scanRows("sum", "i32", { exclusive: true }), [0, 3, 4, 2, 0, 2, 6, 5]),
  scanned("sums, reverse", () => scanRows("sum", "i64", { reverse: true }), [7n, 4n, 3n, 5n, 5n, 3n, -1n, 0n]),
  scanned(
    "sums of f16, exclusive and reverse",
    () => scanRows("sum", "f16", { exclusive: true, reverse: true }),
    [4, 3, 5, 0, 3, -1, 0, 0],
  ),
  scanned("products", () => scanRows("prod", "f64"), [3, 3, -6, -30, 2, 8, -8, -0]),
  scanned("maxima", () => scanRows("max", "i8"), [3, 3, 3, 5, 2, 4, 4, 4]),
  scanned("minima, exclusive", () => scanRows("min", "i8", { exclusive: true }), [127, 3, 1, -2, 127, 2, 2, -1]),
  {
    name: "scan: by a function",
    kernel: () => restarted().ir,
    tensors: { X: { dims: [7], values: [1, 2, 0, 3, 4, 0, 5] }, Y: { dims: [7] } },
    output: "Y",
    want: [1, 3, 0, 3, 7, 0, 5],
  },
  {
    name: "reduce by a function that is not commutative",
    kernel: () => horner().ir,
    tensors: { X: { dims: [2, 3], values: [1, 2, 3, 4, 5, 6] }, P: { dims: [2], values: [2, -1] }, Y: { dims: [2] } },
    output: "Y",
    want: [11, 5],
  },
  {
    name: "steps are left out element by element",
    kernel: () => halvings().ir,
    tensors: {
      X: { dims: [5], values: [0.5, 1, 1.5, 8, 1000] },
      Y: { dims: [5] },
    },
    output: "Y",
    want: [0, 0, 1, 3, 6],
  },
  {
    name: "whole steps are left out",
    kernel: () => stepsTo().ir,
    tensors: { X: { dims: [5], values: [1, 2, 3, 4, 5] }, Limit: { dims: [], values: [5] }, Y: { dims: [] } },
    output: "Y",
    want: [3],
  },
];
