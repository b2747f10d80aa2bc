// RMSNormalization: X / √(mean of x² + epsilon) · scale over all axes from `axis` on.
import type { Dtype } from "../ir/dtypes.js";
import { dot } from "../tile/index.js";
import { countOf, rowOf, wide } from "./accumulate.js";
import { readBroadcast, requireBroadcastTo } from "./broadcast.js";
import { broadcastReader, floats } from "./elementwise-references.js";
import { normalizedAxes } from "./layer-normalization.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { numbersOf, sizeOf, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "RMSNormalization",
  inputs: ["X", "scale"],
  outputs: ["Y"],
  attributes: {
    axis: { type: "int", default: -1 },
    epsilon: { type: "float", default: 1e-5 },
    stash_type: { type: "int", default: 1 },
  },
  shape: node => {
    normalizedAxes("RMSNormalization", node);
    requireBroadcastTo("RMSNormalization", node, "scale", "X");
    return { Y: node.dims.X! };
  },
  at: context => ({
    Y: (...i) => {
      const X = context.inputs.X!;
      const { own, row, over } = rowOf(X, i, normalizedAxes("RMSNormalization", context));
      const share = countOf(over, row.dtype).reciprocal();
      const inverse = dot(row, row, ...over)
        .mul(share)
        .add(context.attributes.epsilon)
        .sqrt()
        .reciprocal();
      const scale = wide(readBroadcast(context.inputs.scale!, i, context.outputs.Y!), X.dtype);
      return own.mul(inverse).mul(scale).cast(X.dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "X / √(mean of x² + epsilon) · scale, the mean over all axes from `axis` on",
  dtypes: "float",
  opsets: [23, 23],
};
/** worst measured on wasm in f32: 1.23 ε */
export const tolerance: Tolerance = { relative: 4, absolute: 0 };

export const reference: Reference = (inputs, attributes) => {
  const X = inputs.X!;
  const { axis = -1, epsilon = 1e-5 } = attributes;
  const length = sizeOf(X.dims.slice(axis < 0 ? axis + X.dims.length : axis));
  const data = numbersOf(X);
  const scale = broadcastReader(inputs.scale!);
  let position = 0;
  return {
    Y: tabulate(X.dtype, X.dims, i => {
      const first = Math.floor(position / length) * length;
      const squares = data.slice(first, first + length).reduce((a, b) => a + b * b, 0);
      return (data[position++]! / Math.sqrt(squares / length + epsilon)) * Number(scale(i));
    }),
  };
};

const of = (dims: readonly number[], axis: number, dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}, axis ${axis}`,
  attributes: { axis },
  inputs: { X: { dtype, dims }, scale: { dtype, dims: dims.slice(axis < 0 ? axis + dims.length : axis) } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3, 17], -1, d)),
  of([2, 3, 5], 1),
  of([2, 3, 5], 0),
  of([0, 5], -1),
];
