// LRN: each element by a power of the sum of squares over `size` neighbouring channels.
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { dimOf, dot } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { printDims, refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { knownPower } from "./pow.js";
import { elements, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "LRN",
  inputs: ["X"],
  prefers: "channels-last",
  outputs: ["Y"],
  attributes: {
    alpha: { type: "float", default: 1e-4 },
    beta: { type: "float", default: 0.75 },
    bias: { type: "float", default: 1 },
    size: { type: "int", required: true },
  },
  shape: node => {
    const X = node.dims.X!;
    if (X.length < 2) refuse("shape", "LRN", node, `X of ${printDims(X)} has no channels; it needs at least 2 dims`);
    return { Y: X };
  },
  at: ({ inputs, attributes }) => ({
    Y: (n, c, ...i) => {
      const X = inputs.X!;
      const { alpha, beta, bias, size } = attributes;
      const near = dimOf("near", Poly.int(size)).all();
      // outside of the channels X is 0, which adds nothing
      const x = wide(X.at(n!, c!.add(near).sub(Math.floor((size - 1) / 2)), ...i), X.dtype);
      const base = dot(x, x, near)
        .mul(alpha / size)
        .add(bias);
      return wide(X.at(n!, c!, ...i), X.dtype)
        .div(knownPower(base, beta) ?? base.pow(beta))
        .cast(X.dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "X / (bias + alpha / size · Σ x²)^beta, the sum over `size` neighbouring channels",
  dtypes: "float",
  opsets: [1, 13],
};
/** worst measured on wasm in f32: 1.78 ε */
export const tolerance: Tolerance = { relative: 4, absolute: 0 };

export const reference: Reference = (inputs, attributes) => {
  const X = inputs.X!;
  const x = elements(X);
  const { alpha = 1e-4, beta = 0.75, bias = 1, size } = attributes;
  const first = Math.floor((size - 1) / 2);
  return {
    Y: tabulate(X.dtype, X.dims, ([n, c, ...i]) => {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += Number(x([n!, c! - first + j, ...i]) ?? 0) ** 2;
      return Number(x([n!, c!, ...i])) / (bias + (alpha / size) * sum) ** beta;
    }),
  };
};

const of = (dims: readonly number[], attributes: Attributes, dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}, ${Object.entries(attributes)
    .map(([k, v]) => `${k} ${v}`)
    .join(", ")}`,
  attributes,
  inputs: { X: { dtype, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 7, 3, 5], { size: 5, alpha: 0.5 }, d)),
  of([1, 7, 3, 5], { size: 4, alpha: 0.1, beta: 0.5, bias: 2 }),
  of([1, 3, 5, 5], { size: 3, alpha: 0.2, beta: 0.6 }),
  of([1, 2, 1, 1], { size: 5 }),
  of([0, 3, 2, 2], { size: 3 }),
];
