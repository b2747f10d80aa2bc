// ScatterND: a copy of the data in which slices are replaced, or joined, where tuples of indices say.
import type { Dims } from "../graph/graph.js";
import { mayBeEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { fromStart } from "./gathered-index.js";
import { forEachIndex, stridesOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact } from "./reference-tensors.js";
import { combineOf, copyOfData, joined } from "./scatter-kernels.js";
import { allOf, gridKernel, KernelSizes } from "./whole-kernel.js";

/** How many leading dims of the data a tuple names. */
function tupleLength(node: NodeInfo): number {
  const { data, indices } = node.dims;
  const last = indices!.at(-1);
  if (!last) refuse("shape", "ScatterND", node, "indices is a scalar; its last dim must hold tuples of positions");
  if (!last.isConst)
    refuse(
      "operator-unsupported",
      "ScatterND",
      node,
      `the last dim of indices is ${last.print()}; it must be a number when the model is compiled`,
    );
  if (last.constant > data!.length)
    refuse(
      "shape",
      "ScatterND",
      node,
      `tuples of ${last.constant} positions do not fit data of ${data!.length} dims; use at most as many`,
    );
  return last.constant;
}
const updateDims = (node: NodeInfo): Dims => [
  ...node.dims.indices!.slice(0, -1),
  ...node.dims.data!.slice(tupleLength(node)),
];

export const operator: Operator = {
  name: "ScatterND",
  inputs: ["data", "indices", "updates"],
  outputs: ["output"],
  attributes: { reduction: { type: "string", default: "none" } },
  shape: node => {
    combineOf("ScatterND", node);
    const wanted = updateDims(node);
    const updates = node.dims.updates!;
    if (updates.length !== wanted.length || !wanted.every((d, i) => mayBeEqual(node, updates[i]!, d)))
      refuse(
        "shape",
        "ScatterND",
        node,
        `updates is ${printDims(updates)}; for these data and indices it must be ${printDims(wanted)}`,
      );
    return { output: node.dims.data! };
  },
  kernels: node => {
    const combine = combineOf("ScatterND", node);
    const length = tupleLength(node);
    const sizes = new KernelSizes();
    const output = sizes.tensor("output", node.dtypes.data!, node.dims.data!, "inout");
    const indices = sizes.tensor("indices", node.dtypes.indices!, node.dims.indices!);
    const updates = sizes.tensor("updates", node.dtypes.updates!, updateDims(node));
    // slices walk in parallel, tuples in their order
    const grid = output.dims.slice(length);
    const scatter = gridKernel("scatter_nd", sizes, [indices, updates, output], grid, (views, inner) => {
      const tuple = indices.dims.slice(0, -1).map((_, d) => allOf(indices, d, `n${d}`));
      const place = Array.from({ length }, (_, e) => fromStart(views.indices!.at(...tuple, e), output.dims[e]!));
      views.output!.at(...place, ...inner).accumulate(views.updates!.at(...tuple, ...inner), combine);
    });
    return [copyOfData(node, "output"), scatter];
  },
  text: ({ reduction }) => reduction === "none",
};

export const reference: Reference = ({ data, indices, updates }, { reduction = "none" }) => {
  const length = indices!.dims.at(-1)!;
  const out = Array.from(data!.data as ArrayLike<number>);
  const strides = stridesOf(data!.dims);
  const slice = data!.dims.slice(length).reduce((a, b) => a * b, 1);
  forEachIndex(indices!.dims.slice(0, -1), (_, n) => {
    let start = 0;
    for (let e = 0; e < length; e++) {
      const named = Number(indices!.data[n * length + e]);
      start += (named < 0 ? named + data!.dims[e]! : named) * strides[e]!;
    }
    for (let i = 0; i < slice; i++)
      out[start + i] = joined(reduction, data!.dtype, out[start + i]!, updates!.data[n * slice + i]!) as number;
  });
  return { output: { dtype: data!.dtype, dims: data!.dims, data: out } };
};

const rows = { dtype: "i64", dims: [3, 1], data: [2, 0, 2] } as const;
export const cases = (): readonly OperatorCase[] => [
  {
    name: "elements",
    inputs: {
      data: { dtype: "f32", dims: [3, 4] },
      indices: { dtype: "i64", dims: [2, 2, 2], data: [0, 3, 2, 1, -1, 0, 0, -4] },
      updates: { dtype: "f32", dims: [2, 2] },
    },
  },
  ...["none", "add", "mul", "max", "min"].map(reduction => ({
    name: `${reduction} of rows that meet`,
    attributes: { reduction },
    inputs: {
      data: { dtype: "f64" as const, dims: [4, 17] },
      indices: rows,
      updates: { dtype: "f64" as const, dims: [3, 17] },
    },
  })),
  ...(["i64", "u8", "bool"] as const).map(dtype => ({
    name: `planes of ${dtype}`,
    inputs: { data: { dtype, dims: [3, 2, 3] }, indices: rows, updates: { dtype, dims: [3, 2, 3] } },
  })),
  {
    name: "an empty tuple: the whole of it",
    inputs: {
      data: { dtype: "f32", dims: [2, 3] },
      indices: { dtype: "i64", dims: [1, 0] },
      updates: { dtype: "f32", dims: [1, 2, 3] },
    },
  },
  {
    name: "no updates",
    inputs: {
      data: { dtype: "f32", dims: [2, 3] },
      indices: { dtype: "i64", dims: [0, 1] },
      updates: { dtype: "f32", dims: [0, 3] },
    },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "A copy of the data with slices put, added, multiplied … where tuples of indices say, in their order",
  dtypes: "any",
  opsets: [11, 18],
};
