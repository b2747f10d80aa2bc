// GlobalMaxPool: the largest element over all spatial axes, which stay with size 1.
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { floats } from "./elementwise-references.js";
import { forEachIndex } from "./known-values.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "GlobalMaxPool",
  inputs: ["X"],
  prefers: "channels-last",
  outputs: ["Y"],
  shape: ({ dims }) => ({ Y: dims.X!.map((d, j) => (j < 2 ? d : Poly.one)) }),
  at: ({ inputs }) => ({
    Y: (n, c) => {
      const X = inputs.X!;
      const over = X.dims.slice(2).map(d => d.all());
      return X.at(n!, c!, ...over).max(...over);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "The largest element over all spatial axes, which stay with size 1",
  dtypes: "float",
  opsets: [1, 22],
};

export const reference: Reference = inputs => {
  const X = inputs.X!;
  const x = elements(X);
  const space = X.dims.slice(2);
  const largest = ([n, c]: readonly number[]): number => {
    let best = -Infinity;
    forEachIndex(space, i => {
      best = Math.max(best, Number(x([n!, c!, ...i])));
    });
    return best;
  };
  return { Y: tabulate(X.dtype, [...X.dims.slice(0, 2), ...space.map(() => 1)], largest) };
};

const of = (dims: readonly number[], dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}`,
  inputs: { X: { dtype, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 3, 7, 11], d)),
  of([1, 1, 1, 1]),
  of([1, 2, 31]),
  of([2, 3, 4, 5, 2]),
  of([0, 3, 5, 5]),
];
