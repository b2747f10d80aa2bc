// ScatterElements: a copy of the data in which each update goes to the place that an index names along an axis.
import { requireEqual } from "./broadcast.js";
import { normalizeAxis, printDims, refuse } from "./checks.js";
import { requireFewerBeside } from "./gather-elements.js";
import { fromStart } from "./gathered-index.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, movedDtypes } from "./reference-tensors.js";
import { forEachIndex, stridesOf } from "./known-values.js";
import { combineOf, copyOfData, joined } from "./scatter-kernels.js";
import { allOf, gridKernel, KernelSizes } from "./whole-kernel.js";

const axisOf = (op: string, node: NodeInfo): number =>
  normalizeAxis(op, node, node.attributes.axis, node.dims.data!.length);

/** Scatter was its name before opset 11, without a reduction. */
export const scatterAlong = (op: string, attributes: Operator["attributes"]): Operator => ({
  name: op,
  inputs: ["data", "indices", "updates"],
  outputs: ["output"],
  attributes: { axis: { type: "int", default: 0 }, ...attributes },
  shape: node => {
    const { data, indices, updates } = node.dims;
    const axis = axisOf(op, node);
    if (indices!.length !== data!.length || updates!.length !== data!.length)
      refuse(
        "shape",
        op,
        node,
        `data is ${printDims(data!)}, indices ${printDims(indices!)} and updates ${printDims(updates!)}; all three need the same number of dims`,
      );
    const each = `indices are ${printDims(indices!)} and updates ${printDims(updates!)}; each index needs one update`;
    indices!.forEach((d, k) => requireEqual(op, node, d, updates![k]!, each));
    requireFewerBeside(op, node, axis);
    if (node.attributes.reduction !== undefined) combineOf(op, node);
    return { output: data! };
  },
  text: ({ reduction = "none" }) => reduction === "none",
  kernels: node => {
    const axis = axisOf(op, node);
    const combine = node.attributes.reduction === undefined ? "last" : combineOf(op, node);
    const sizes = new KernelSizes();
    const output = sizes.tensor("output", node.dtypes.data!, node.dims.data!, "inout");
    const indices = sizes.tensor("indices", node.dtypes.indices!, node.dims.indices!);
    const updates = sizes.tensor("updates", node.dtypes.updates!, node.dims.indices!);
    const grid = indices.dims.map((d, i) => (i === axis ? undefined : d));
    const scatter = gridKernel("scatter_elements", sizes, [indices, updates, output], grid, (views, index) => {
      const along = index.with(axis, allOf(indices, axis, "along"));
      const place = along.with(axis, fromStart(views.indices!.at(...along), output.dims[axis]!));
      views.output!.at(...place).accumulate(views.updates!.at(...along), combine);
    });
    return [copyOfData(node, "output"), scatter];
  },
});

export const operator: Operator = /* @__PURE__ */ scatterAlong("ScatterElements", {
  reduction: { type: "string", default: "none" },
});

export const reference: Reference = ({ data, indices, updates }, { axis = 0, reduction = "none" }) => {
  const along = axis < 0 ? axis + data!.dims.length : axis;
  const out = Array.from(data!.data as ArrayLike<number>);
  const [from, to] = [stridesOf(indices!.dims), stridesOf(data!.dims)];
  const flat = (index: readonly number[], strides: readonly number[]) =>
    index.reduce((sum, x, d) => sum + x * strides[d]!, 0);
  forEachIndex(indices!.dims, index => {
    const at = flat(index, from);
    const named = Number(indices!.data[at]);
    const place = index.with(along, named < 0 ? named + data!.dims[along]! : named);
    const p = flat(place, to);
    out[p] = joined(reduction, data!.dtype, out[p]!, updates!.data[at]!) as number;
  });
  return { output: { dtype: data!.dtype, dims: data!.dims, data: out } };
};

const twice = { dtype: "i64", dims: [3, 2], data: [1, 0, -1, 0, 1, 3] } as const;
export const cases = (): readonly OperatorCase[] => [
  ...movedDtypes.map(dtype => ({
    name: `${dtype} along rows`,
    inputs: {
      data: { dtype, dims: [4, 3] },
      indices: { dtype: "i32", dims: [2, 3], data: [1, 0, 2, 0, 2, 1] } as const,
      updates: { dtype, dims: [2, 3] },
    },
  })),
  ...["none", "add", "mul", "max", "min"].map(reduction => ({
    name: `${reduction} where indices meet`,
    attributes: { axis: -2, reduction },
    inputs: {
      data: { dtype: "f64" as const, dims: [4, 17] },
      indices: twice,
      updates: { dtype: "f64" as const, dims: [3, 2] },
    },
  })),
  ...(["i64", "u8", "f16"] as const).map(dtype => ({
    name: `largest of ${dtype}, along the last of three axes`,
    attributes: { axis: 2, reduction: "max" },
    inputs: {
      data: { dtype, dims: [2, 3, 5] },
      indices: { dtype: "i64" as const, dims: [1, 3, 4], data: [0, 0, 4, 1, 2, 2, 2, 2, -1, 0, -5, 3] },
      updates: { dtype, dims: [1, 3, 4] },
    },
  })),
  {
    name: "no updates",
    inputs: {
      data: { dtype: "f32", dims: [3] },
      indices: { dtype: "i64", dims: [0] },
      updates: { dtype: "f32", dims: [0] },
    },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "A copy of the data with updates put, added, multiplied … where indices along an axis say, in their order",
  dtypes: "any",
  opsets: [11, 18],
};
