// GlobalAveragePool: the mean over all spatial axes, which stay with size 1.
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { dimOf } from "../tile/index.js";
import { floats } from "./elementwise-references.js";
import { forEachIndex } from "./known-values.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, sizeOf, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "GlobalAveragePool",
  inputs: ["X"],
  prefers: "channels-last",
  outputs: ["Y"],
  shape: ({ dims }) => ({ Y: dims.X!.map((d, j) => (j < 2 ? d : Poly.one)) }),
  at: ({ inputs }) => ({
    Y: (n, c) => {
      const X = inputs.X!;
      const space = X.dims.slice(2);
      const over = space.map(d => d.all());
      const sum = X.at(n!, c!, ...over).sum(...over);
      const count = dimOf("pixels", Poly.product(space.map(d => d.poly))).size;
      return sum.mul(count.cast(sum.dtype).reciprocal()).cast(X.dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "The mean over all spatial axes, which stay with size 1",
  dtypes: "float",
  opsets: [1, 22],
};
/** worst measured on wasm in f32: 0.25 ε of the input */
export const tolerance: Tolerance = { relative: 2, absolute: 1 };

export const reference: Reference = inputs => {
  const X = inputs.X!;
  const x = elements(X);
  const space = X.dims.slice(2);
  const mean = ([n, c]: readonly number[]): number => {
    let sum = 0;
    forEachIndex(space, i => {
      sum += Number(x([n!, c!, ...i]));
    });
    return sum / sizeOf(space);
  };
  return { Y: tabulate(X.dtype, [...X.dims.slice(0, 2), ...space.map(() => 1)], mean) };
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
