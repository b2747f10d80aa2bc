// RoiRows: the rows of the image that a region names, added up by weights, a sum for each bin. An operator of this project: RoiAlign
// expands to it.
import { dot } from "../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "RoiRows",
  domain: "azulejo",
  inputs: ["X", "W", "batch"],
  outputs: ["Y"],
  // as wide as the weights
  dtypes: ({ dtypes }) => ({ Y: dtypes.W! }),
  shape: ({ dims: { X, W } }) => ({ Y: [W![0]!, X![1]!, W![1]!, X![3]!] }),
  at: ({ inputs: { X, W, batch } }) => ({
    Y: (r, c, p, x) => {
      const y = X!.dims[2]!.all("y");
      const n = batch!.at(r!).cast("i32");
      return dot(W!.at(r!, p!, y), X!.at(n, c!, y, x!).cast(W!.dtype), y);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "Rows of the image that a region names, added up by weights: a part of RoiAlign",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 4, absolute: 16 };

export const reference: Reference = ({ X, W, batch }) => {
  const [x, w] = [elements(X!), elements(W!)];
  const Y = tabulate(W!.dtype, [W!.dims[0]!, X!.dims[1]!, W!.dims[1]!, X!.dims[3]!], ([r, c, p, column]) => {
    let sum = 0;
    for (let y = 0; y < X!.dims[2]!; y++)
      sum += Number(w([r!, p!, y])) * Number(x([Number(batch!.data[r!]), c!, y, column!]));
    return sum;
  });
  return { Y };
};

export const cases = (): readonly OperatorCase[] => [
  {
    name: "two images",
    inputs: {
      X: { dtype: "f32", dims: [2, 3, 7, 5] },
      W: { dtype: "f32", dims: [4, 2, 7], range: [0, 1] },
      batch: { dtype: "i64", dims: [4], data: [1, 0, 1, 1] },
    },
  },
];
