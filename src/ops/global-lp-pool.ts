// GlobalLpPool: the p-norm over all spatial axes, which stay with size 1.
import { Poly } from "../ir/poly.js";
import { wide } from "./accumulate.js";
import { floats } from "./elementwise-references.js";
import { forEachIndex } from "./known-values.js";
import { pNorm, requireNorm } from "./lp-pool.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "GlobalLpPool",
  prefers: "channels-last",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: { p: { type: "int", default: 2 } },
  shape: node => {
    requireNorm("GlobalLpPool", node);
    return { Y: node.dims.X!.map((d, j) => (j < 2 ? d : Poly.one)) };
  },
  at: ({ inputs, attributes }) => ({
    Y: (n, c) => {
      const X = inputs.X!;
      const over = X.dims.slice(2).map(d => d.all());
      return pNorm(wide(X.at(n!, c!, ...over), X.dtype), over, attributes.p).cast(X.dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "The p-norm over all spatial axes, which stay with size 1",
  dtypes: "float",
  opsets: [1, 22],
};
/** worst measured on wasm in f32: 0.90 ε */
export const tolerance: Tolerance = { relative: 8, absolute: 0 };

export const reference: Reference = (inputs, { p = 2 }) => {
  const X = inputs.X!;
  const x = elements(X);
  const space = X.dims.slice(2);
  const norm = ([n, c]: readonly number[]): number => {
    let sum = 0;
    forEachIndex(space, i => {
      sum += Math.abs(Number(x([n!, c!, ...i]))) ** p;
    });
    return sum ** (1 / p);
  };
  return { Y: tabulate(X.dtype, [...X.dims.slice(0, 2), ...space.map(() => 1)], norm) };
};

export const cases = (): readonly OperatorCase[] => [
  ...floats.map(dtype => ({ name: dtype, inputs: { X: { dtype, dims: [2, 3, 5, 7] } } })),
  { name: "p = 1", attributes: { p: 1 }, inputs: { X: { dtype: "f32", dims: [1, 2, 17] } } },
];
