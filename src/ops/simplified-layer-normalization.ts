// SimplifiedLayerNormalization: X / √(mean of x² + epsilon) · scale over all axes from `axis` on. ONNX Runtime writes it into ai.onnx.
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dot } from "../tile/index.js";
import { computeDtype, countOf, rowOf, wide } from "./accumulate.js";
import { readBroadcast, requireBroadcastTo } from "./broadcast.js";
import { floats } from "./elementwise-references.js";
import { normalizedAxes } from "./layer-normalization.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { numbersOf, sizeOf } from "./reference-tensors.js";
import { reference as rmsReference } from "./rms-normalization.js";

export const operator: Operator = {
  name: "SimplifiedLayerNormalization",
  inputs: ["X", "scale"],
  outputs: ["Y", "inv_std_var?"],
  attributes: {
    axis: { type: "int", default: -1 },
    epsilon: { type: "float", default: 1e-5 },
    stash_type: { type: "int", default: 1 },
  },
  shape: node => {
    const axes = normalizedAxes("SimplifiedLayerNormalization", node);
    requireBroadcastTo("SimplifiedLayerNormalization", node, "scale", "X");
    const X = node.dims.X!;
    return { Y: X, inv_std_var: X.map((d, k) => (axes.includes(k) ? Poly.one : d)) };
  },
  dtypes: ({ dtypes }) => ({ Y: dtypes.X!, inv_std_var: computeDtype(dtypes.X!) }),
  at: context => {
    const X = context.inputs.X!;
    const normal = (i: readonly AnyTile[]): { own: AnyTile; inverse: AnyTile } => {
      const { own, row, over } = rowOf(X, i, normalizedAxes("SimplifiedLayerNormalization", context));
      const mean = dot(row, row, ...over).mul(countOf(over, row.dtype).reciprocal());
      return { own, inverse: mean.add(context.attributes.epsilon).sqrt().reciprocal() };
    };
    return {
      Y: (...i) => {
        const { own, inverse } = normal(i);
        const scale = wide(readBroadcast(context.inputs.scale!, i, context.outputs.Y!), X.dtype);
        return own.mul(inverse).mul(scale).cast(X.dtype);
      },
      inv_std_var: (...i) => normal(i).inverse,
    };
  },
};

export const doc: OperatorDoc = {
  summary:
    "X / √(mean of x² + epsilon) · scale, the mean over all axes from `axis` on: RMSNormalization before it was standard",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 4, absolute: 0 };

export const reference: Reference = (inputs, attributes, node) => {
  const X = inputs.X!;
  const { axis = -1, epsilon = 1e-5 } = attributes;
  const first = axis < 0 ? axis + X.dims.length : axis;
  const length = sizeOf(X.dims.slice(first));
  const x = numbersOf(X);
  const rows = sizeOf(X.dims.slice(0, first));
  const inverse = Array.from({ length: rows }, (_, r) => {
    const squares = x.slice(r * length, (r + 1) * length).reduce((sum, v) => sum + v * v, 0);
    return 1 / Math.sqrt(squares / length + epsilon);
  });
  const dims = X.dims.map((n, k) => (k < first ? n : 1));
  return {
    ...rmsReference(inputs, attributes, node),
    inv_std_var: { dtype: computeDtype(X.dtype), dims, data: inverse },
  };
};

const of = (dims: readonly number[], axis: number, dtype: Dtype = "f32", outputCount = 2): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}, axis ${axis}, ${outputCount} outputs`,
  attributes: { axis },
  outputCount,
  inputs: { X: { dtype, dims }, scale: { dtype, dims: dims.slice(axis < 0 ? axis + dims.length : axis) } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3, 17], -1, d)),
  of([2, 3, 5], 1),
  of([2, 3, 5], -1, "f32", 1),
  of([0, 5], -1),
];
