// Kernels whose writes join what is there: histograms, scatters, compaction.
import type { AnyTile, Combine, Dtype } from "../../src/tile/index.js";
import { bool, grid, i32, inPlace, literal, materialize, tensor } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import type { TypedCase } from "./typed-cases.js";

/** Y[I[n]] counts how often I names it */
export const histogram = () =>
  kernel({ I: i32("N"), Y: inPlace(i32("B")) }, ({ I, Y, N }) => Y.at(I.at(N.all())).accumulate(1), {
    name: "histogram",
  });

/** rows of X joined with the rows of Y that I names */
export const scatterRows = (combine: Combine, dtype: Dtype) =>
  kernel(
    { X: tensor(dtype, "N C"), I: i32("N"), Y: inPlace(tensor(dtype, "R C")) },
    ({ X, I, Y, N, C }) =>
      grid(C.tile(), c => {
        const n = N.all();
        Y.at(I.at(n), c).accumulate(X.at(n, c), combine);
      }),
    { name: "scatterRows" },
  );

/** Y[m] joined with all of X[m, k], in the order of k */
export const joinRows = (combine: Combine, dtype: Dtype) =>
  kernel(
    { X: tensor(dtype, "M K"), Y: inPlace(tensor(dtype, "M")) },
    ({ X, Y, M, K }) => grid(M.tile(), m => Y.at(m).accumulate(X.at(m, K.all()), combine)),
    { name: "joinRows" },
  );

/** Elements of X that P names, one after another: the place of each is how many are named before it. */
export const compact = () =>
  kernel(
    { X: i32("N"), P: bool("N"), Y: inPlace(i32("N")) },
    ({ X, P, Y, N }) => {
      const [n, before]: AnyTile[] = [N.all(), N.all("before")];
      const earlier = P.at(before!)
        .and(before!.lt(n!))
        .cast("i32")
        .sum(before as never, { acc: "i32" });
      const place = materialize(earlier as AnyTile, n as never).at(n!);
      Y.at(place).set(X.at(n!) as never, { when: P.at(n!) });
    },
    { name: "compact" },
  );

/** the share of each element of its row, added where I says, unless it is negative */
export const scatterShares = () =>
  kernel(
    { X: tensor("f64", "R N"), I: i32("R N"), Y: inPlace(tensor("f64", "R B")) },
    ({ X, I, Y, R, N }) =>
      grid(R.tile(), r => {
        const n = N.all();
        const share = X.at(r, n).div(X.at(r, n).sum(n));
        Y.at(r, I.at(r, n)).accumulate(share, "add", { when: X.at(r, n).gt(literal("f64", 0)) });
      }),
    { name: "scatterShares" },
  );

export const joiningCases: readonly TypedCase[] = [
  {
    name: "a histogram",
    kernel: () => histogram().ir,
    tensors: { I: { dims: [7], values: [2, 0, 2, 2, 1, 0, 2] }, Y: { dims: [4], values: [0, 0, 0, 5] } },
    output: "Y",
    want: [2, 1, 4, 5],
  },
  ...(
    [
      ["add", "f32", [12, 14, 16, 2, 2, 2, 6, 7, 8]],
      ["mul", "i64", [18, 40, 66, 2, 2, 2, 8, 10, 12]],
      ["max", "i8", [9, 10, 11, 2, 2, 2, 4, 5, 6]],
      ["min", "u16", [1, 2, 2, 2, 2, 2, 2, 2, 2]],
      ["last", "f16", [9, 10, 11, 2, 2, 2, 4, 5, 6]],
    ] as const
  ).map(([combine, dtype, want]): TypedCase => {
    const given = (xs: readonly number[]) => xs.map(x => (dtype === "i64" ? BigInt(x) : x));
    return {
      name: `rows joined by ${combine} in ${dtype}`,
      kernel: () => scatterRows(combine, dtype).ir,
      tensors: {
        X: { dims: [3, 3], values: given([1, 2, 3, 4, 5, 6, 9, 10, 11]) },
        I: { dims: [3], values: [0, 2, 0] },
        Y: { dims: [3, 3], values: given(new Array<number>(9).fill(2)) },
      },
      output: "Y",
      want: given(want),
    };
  }),
  {
    name: "sums of floats in the order of their axis",
    kernel: () => joinRows("add", "f32").ir,
    tensors: { X: { dims: [2, 3], values: [1e8, 1, -1e8, 1, 1e8, -1e8] }, Y: { dims: [2], values: [0, 0] } },
    output: "Y",
    want: [0, 0],
  },
  {
    name: "the last of a row",
    kernel: () => joinRows("last", "bool").ir,
    tensors: { X: { dims: [2, 3], values: [1, 0, 1, 1, 1, 0] }, Y: { dims: [2], values: [0, 1] } },
    output: "Y",
    want: [1, 0],
  },
  {
    name: "compaction",
    kernel: () => compact().ir,
    tensors: {
      X: { dims: [9], values: [10, 11, 12, 13, 14, 15, 16, 17, 18] },
      P: { dims: [9], values: [0, 1, 1, 0, 0, 1, 0, 0, 1] },
      Y: { dims: [9], values: new Array<number>(9).fill(-1) },
    },
    output: "Y",
    want: [11, 12, 15, 18, -1, -1, -1, -1, -1],
  },
  {
    name: "shares under a condition",
    kernel: () => scatterShares().ir,
    tensors: {
      X: { dims: [2, 3], values: [1, -1, 4, 2, 1, 1] },
      I: { dims: [2, 3], values: [1, 1, 1, 0, 1, 0] },
      Y: { dims: [2, 2], values: [0, 0, 1, 1] },
    },
    output: "Y",
    want: [0, 1.25, 1.75, 1.25],
  },
];
