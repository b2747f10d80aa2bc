// LayerNormalization: (X − mean) / √(variance + epsilon) · Scale + B over all axes from `axis` on; mean and variance in two passes.
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { computeDtype, moments, rowOf, wide } from "./accumulate.js";
import { axesFrom } from "./axes.js";
import { readBroadcast, requireBroadcastTo } from "./broadcast.js";
import { normalizeAxis } from "./checks.js";
import { broadcastReader, floats } from "./elementwise-references.js";
import type {
  KernelContext,
  NodeInfo,
  Operand,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  Tolerance,
} from "./operator.js";
import { numbersOf, sizeOf, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "LayerNormalization",
  inputs: ["X", "Scale", "B?"],
  outputs: ["Y", "Mean?", "InvStdDev?"],
  attributes: {
    axis: { type: "int", default: -1 },
    epsilon: { type: "float", default: 1e-5 },
    stash_type: { type: "int", default: 1 },
  },
  shape: node => {
    const X = node.dims.X!;
    const axes = normalizedAxes("LayerNormalization", node);
    for (const name of ["Scale", "B"]) requireBroadcastTo("LayerNormalization", node, name, "X");
    const statistics = X.map((d, j) => (axes.includes(j) ? Poly.one : d));
    return { Y: X, Mean: statistics, InvStdDev: statistics };
  },
  // statistics are kept in the dtype in which they are computed
  dtypes: ({ dtypes }) => ({ Y: dtypes.X!, Mean: computeDtype(dtypes.X!), InvStdDev: computeDtype(dtypes.X!) }),
  at: context => {
    const X = context.inputs.X!;
    const axes = normalizedAxes("LayerNormalization", context);
    const normal = (i: readonly AnyTile[]): { y: AnyTile; mean: AnyTile; scale: AnyTile } => {
      const { own, row, over } = rowOf(X, i, axes);
      const { mean, variance, centred } = moments(row, over);
      const scale = variance.add(context.attributes.epsilon).sqrt().reciprocal();
      return { y: (own === row ? centred : own.sub(mean)).mul(scale), mean, scale };
    };
    return {
      Y: (...i) => scaled(normal(i).y, context, i),
      Mean: (...i) => normal(i).mean,
      InvStdDev: (...i) => normal(i).scale,
    };
  },
};

/** All axes from `axis` on. */
export function normalizedAxes(op: string, node: NodeInfo): readonly number[] {
  const rank = node.dims.X!.length;
  return axesFrom(normalizeAxis(op, node, node.attributes.axis, rank), rank);
}

function scaled(y: AnyTile, { inputs, outputs, dtypes }: KernelContext, i: readonly AnyTile[]): AnyTile {
  const { Scale, B } = inputs as { Scale: Operand; B?: Operand };
  const grown = y.mul(wide(readBroadcast(Scale, i, outputs.Y!), dtypes.X!));
  return (B ? grown.add(wide(readBroadcast(B, i, outputs.Y!), dtypes.X!)) : grown).cast(dtypes.X!);
}

export const doc: OperatorDoc = {
  summary: "(X − mean) / √(variance + epsilon) · Scale + B, mean and variance over all axes from `axis` on",
  dtypes: "float",
  opsets: [17, 17],
};
/** worst measured on wasm in f32: 2.1 ε of the input */
export const tolerance: Tolerance = { relative: 4, absolute: 4 };

export const reference: Reference = (inputs, attributes) => {
  const X = inputs.X!;
  const { axis = -1, epsilon = 1e-5 } = attributes;
  const first = axis < 0 ? axis + X.dims.length : axis;
  const length = sizeOf(X.dims.slice(first));
  const data = numbersOf(X);
  const rows = sizeOf(X.dims.slice(0, first));
  const statistics = Array.from({ length: rows }, (_, r) => {
    const row = data.slice(r * length, (r + 1) * length);
    const mean = row.reduce((a, b) => a + b, 0) / length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / length;
    return { mean, scale: 1 / Math.sqrt(variance + epsilon) };
  });
  const [scale, bias] = [broadcastReader(inputs.Scale!), inputs.B && broadcastReader(inputs.B)];
  let position = 0;
  const Y = tabulate(X.dtype, X.dims, i => {
    const { mean, scale: inverse } = statistics[Math.floor(position / length)]!;
    const x = data[position++]!;
    return (x - mean) * inverse * Number(scale(i)) + (bias ? Number(bias(i)) : 0);
  });
  const dims = X.dims.map((n, j) => (j < first ? n : 1));
  const dtype = computeDtype(X.dtype);
  return {
    Y,
    Mean: { dtype, dims, data: statistics.map(s => s.mean) },
    InvStdDev: { dtype, dims, data: statistics.map(s => s.scale) },
  };
};

const of = (dims: readonly number[], axis: number, bias = true, dtype: Dtype = "f32"): OperatorCase => {
  const own = dims.slice(axis < 0 ? axis + dims.length : axis);
  return {
    name: `${dtype} ${dims.join("×")}, axis ${axis}${bias ? "" : ", no bias"}`,
    attributes: { axis },
    inputs: { X: { dtype, dims }, Scale: { dtype, dims: own }, ...(bias ? { B: { dtype, dims: own } } : {}) },
  };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3, 17], -1, true, d)),
  of([2, 3, 5], -1, false),
  of([2, 3, 5], 1),
  of([2, 3, 5], 0),
  of([1, 1], -1),
  of([0, 5], -1),
];
