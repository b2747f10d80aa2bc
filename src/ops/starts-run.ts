// StartsRun: whether a row of a sorted matrix differs from the one before. An operator of this project: Unique expands to it.
import { literal } from "../tile/index.js";
import { fromStart } from "./gathered-index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, tabulate } from "./reference-tensors.js";
import { sortKey } from "./top-k-kernels.js";

export const operator: Operator = {
  name: "StartsRun",
  domain: "azulejo",
  // rows, and their order
  inputs: ["X", "order"],
  outputs: ["Y"],
  dtypes: () => ({ Y: "bool" }),
  shape: ({ dims }) => ({ Y: dims.order! }),
  at: ({ inputs }) => ({
    Y: j => {
      const { X, order } = inputs;
      const m = X!.dims[1]!.all("m");
      const size = X!.dims[0]!.poly;
      // before the first row stands none, and what is read in its place does not matter
      const [own, before] = [order!.at(j!), order!.at(j!.sub(1))].map(row =>
        sortKey(X!.at(fromStart(row, size), m), true),
      );
      const differing = own!.ne(before!).cast("i32").sum(m);
      return j!.eq(literal("i32", 0)).or(differing.gt(0));
    },
  }),
};

export const reference: Reference = ({ X, order }) => {
  const [N, M] = X!.dims as [number, number];
  const rows = Array.from(order!.data as ArrayLike<number>);
  const data = Array.from(X!.data as ArrayLike<number | bigint>);
  const isSame = (x: number | bigint, y: number | bigint): boolean => x === y || (Number.isNaN(x) && Number.isNaN(y));
  return {
    Y: tabulate("bool", [N], ([j]) => {
      if (j === 0) return 1;
      const [own, before] = [rows[j!]!, rows[j! - 1]!];
      for (let m = 0; m < M; m++) if (!isSame(data[own * M + m]!, data[before * M + m]!)) return 1;
      return 0;
    }),
  };
};

export const cases = (): readonly OperatorCase[] => [
  {
    name: "a list",
    inputs: {
      X: { dtype: "f32", dims: [7, 1], data: [2, 1, Number.NaN, 1, 2, Number.NaN, 3] },
      order: { dtype: "i32", dims: [7], data: [1, 3, 0, 4, 6, 2, 5] },
    },
  },
  {
    name: "rows",
    inputs: {
      X: { dtype: "i64", dims: [4, 2], data: [1, 2, 1, 3, 1, 2, 0, 9] },
      order: { dtype: "i32", dims: [4], data: [3, 0, 2, 1] },
    },
  },
  {
    name: "zeros of both signs",
    inputs: {
      X: { dtype: "f32", dims: [3, 1], data: [0, -0, 1] },
      order: { dtype: "i32", dims: [3], data: [0, 1, 2] },
    },
  },
  { name: "nothing", inputs: { X: { dtype: "f32", dims: [0, 1] }, order: { dtype: "i32", dims: [0] } } },
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Whether a row of a sorted matrix differs from the one before: a part of Unique",
  dtypes: "number or bool",
  opsets: [1, 1],
};
