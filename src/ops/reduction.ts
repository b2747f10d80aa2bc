// Makers of the Reduce… operators: one body over fresh axes, axes from attribute or input, known values for shape subgraphs.

import type { Dims, KnownValue } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { isFloat } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyIndex, AnyTile } from "../tile/index.js";
import { dimOf } from "../tile/index.js";
import { axesFrom, axesOf } from "./axes.js";
import type { Fold } from "./folds.js";
import type { KnownElement } from "./known-values.js";
import type { NodeInfo, Operator } from "./operator.js";

interface Reduction {
  /** the operator's elements over indices; the result may have the accumulator's dtype */
  readonly over: (x: AnyTile, over: readonly AnyIndex[]) => AnyTile;
  /** dtype in which elements of the given one are read; absent: their own */
  readonly compute?: (dtype: Dtype) => Dtype;
  /** on two elements known at compile time */
  readonly fold?: Fold;
}

/** `data` over `axes`; the axes stay with size 1 unless keepdims is 0. */
export function reduction(name: string, { over, compute, fold }: Reduction): Operator {
  return {
    name,
    inputs: ["data", "axes?"],
    outputs: ["reduced"],
    attributes: {
      axes: { type: "ints" },
      keepdims: { type: "int", default: 1 },
      noop_with_empty_axes: { type: "int", default: 0 },
    },
    content: ["axes"],
    shape: node => ({ reduced: reducedDims(name, node) }),
    ...(fold ? { values: node => ({ reduced: foldAll(name, node, fold) }) } : {}),
    at: context => ({
      reduced: (...i) => {
        const X = context.inputs.data!;
        const axes = reducedAxes(name, context);
        const fresh = new Map(axes.map(a => [a, X.dims[a]!.all()]));
        const kept = context.attributes.keepdims === 1 ? i.filter((_, d) => !fresh.has(d)) : [...i];
        const index = X.dims.map((_, d) => fresh.get(d) ?? kept.shift()!);
        const x = X.at(...index);
        // over no axes each element is a group of its own: ReduceL2 gives |x|, as NumPy does with axis=()
        const indices = axes.length === 0 ? [dimOf("one", Poly.one).all()] : [...fresh.values()];
        return over(x.cast(compute?.(X.dtype) ?? X.dtype), indices).cast(X.dtype);
      },
    }),
  };
}

/** All axes where none are named, unless noop_with_empty_axes says to leave the tensor alone. */
function reducedAxes(op: string, node: NodeInfo): readonly number[] {
  const rank = node.dims.data!.length;
  const axes = axesOf(op, node, rank) ?? [];
  return axes.length > 0 || node.attributes.noop_with_empty_axes === 1 ? axes : axesFrom(0, rank);
}

function reducedDims(op: string, node: NodeInfo): Dims {
  const axes = reducedAxes(op, node);
  const dims = node.dims.data!.map((d, j) => (axes.includes(j) ? Poly.one : d));
  return node.attributes.keepdims === 1 ? dims : dims.filter((_, j) => !axes.includes(j));
}

/** Whole known tensors fold to one element: the product of a shape is a number of elements. */
function foldAll(op: string, node: NodeInfo, fold: Fold): KnownValue | undefined {
  const known = node.known.data;
  if (!known || known.data.length === 0 || reducedAxes(op, node).length !== known.dims.length) return undefined;
  const float = isFloat(node.dtypes.data!);
  const [first, ...rest] = known.data;
  const element = rest.reduce<KnownElement>(
    (sum, x) => (sum === undefined || x === undefined ? undefined : fold([sum, x], float)),
    first,
  );
  return { dims: reducedDims(op, node).map(() => 1), data: [element] };
}
