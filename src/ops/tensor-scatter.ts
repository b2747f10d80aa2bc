// TensorScatter: a cache in which a run of positions along an axis is replaced, from an index of each sample on; a ring if it is circular.
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { requireEntries, requireEqual } from "./broadcast.js";
import { normalizeAxis, printDims, refuse, requireOneOf } from "./checks.js";
import { indexTile } from "./index-tiles.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, tabulate } from "./reference-tensors.js";
import { requireAtMost } from "./required-sizes.js";

function axisOf(node: NodeInfo): number {
  const { past_cache, update } = node.dims;
  requireOneOf("TensorScatter", node, "mode", ["linear", "circular"]);
  const axis = normalizeAxis("TensorScatter", node, node.attributes.axis, past_cache!.length);
  if (axis === 0)
    refuse("operator-attribute", "TensorScatter", node, "axis is 0, the batch; use the axis of the sequence");
  if (update!.length !== past_cache!.length)
    refuse(
      "shape",
      "TensorScatter",
      node,
      `past_cache is ${printDims(past_cache!)} and update ${printDims(update!)}; they must have the same number of dims`,
    );
  return axis;
}

export const operator: Operator = {
  name: "TensorScatter",
  inputs: ["past_cache", "update", "write_indices?"],
  outputs: ["present_cache"],
  attributes: { axis: { type: "int", default: -2 }, mode: { type: "string", default: "linear" } },
  shape: node => {
    const { past_cache, update } = node.dims;
    const axis = axisOf(node);
    past_cache!.forEach((d, k) => {
      const sentence = `past_cache is ${printDims(past_cache!)} and update ${printDims(update!)}; they may differ along axis ${axis} alone`;
      if (k !== axis) requireEqual("TensorScatter", node, d, update![k]!, sentence);
    });
    requireEntries("TensorScatter", node, "write_indices", {
      input: "past_cache",
      what: "samples",
      count: past_cache![0]!,
    });
    const [capacity, length] = [past_cache![axis]!, update![axis]!];
    // positions come from write_indices, so that an empty update would be read, if not used
    const some = `update has no positions along axis ${axis}; give at least one`;
    requireAtMost("TensorScatter", node, 1, length, some);
    const most = `update has ${length.print()} positions along axis ${axis} and past_cache ${capacity.print()}; a cache can't take more than it holds`;
    requireAtMost("TensorScatter", node, length, capacity, most);
    return { present_cache: node.dims.past_cache! };
  },
  at: context => {
    const axis = axisOf(context);
    const { past_cache, update, write_indices } = context.inputs;
    const length = indexTile(update!.dims[axis]!.poly);
    const capacity = indexTile(past_cache!.dims[axis]!.poly);
    return {
      present_cache: (...index) => {
        const start: AnyTile = write_indices?.at(index[0]!).cast("i32") ?? literal("i32", 0);
        const steps = index[axis]!.sub(start);
        const position = context.attributes.mode === "circular" ? steps.imod(capacity) : steps;
        const isNew = position.ge(0).and(position.lt(length));
        // what is read and not used must lie inside as well
        const read = where(isNew, position, 0);
        return where(isNew, update!.at(...index.with(axis, read)), past_cache!.at(...index));
      },
    };
  },
  text: true,
};

export const reference: Reference = ({ past_cache, update, write_indices }, { axis = -2, mode = "linear" }) => {
  const along = axis < 0 ? axis + past_cache!.dims.length : axis;
  const [past, fresh] = [elements(past_cache!), elements(update!)];
  const capacity = past_cache!.dims[along]!;
  const present_cache = tabulate(past_cache!.dtype, past_cache!.dims, index => {
    const start = write_indices ? Number(write_indices.data[index[0]!]) : 0;
    const steps = index[along]! - start;
    const position = mode === "circular" ? ((steps % capacity) + capacity) % capacity : steps;
    return (position >= 0 ? fresh(index.with(along, position)) : undefined) ?? past(index)!;
  });
  return { present_cache };
};

export const cases = (): readonly OperatorCase[] => [
  ...(["f32", "f16", "i64"] as const).map(dtype => ({
    name: `linear ${dtype}`,
    inputs: {
      past_cache: { dtype, dims: [2, 3, 9, 5] },
      update: { dtype, dims: [2, 3, 2, 5] },
      write_indices: { dtype: "i64" as const, dims: [2], data: [1, 7] },
    },
  })),
  {
    name: "round the end of a ring",
    attributes: { mode: "circular", axis: 1 },
    inputs: {
      past_cache: { dtype: "f32", dims: [2, 4, 17] },
      update: { dtype: "f32", dims: [2, 3, 17] },
      write_indices: { dtype: "i64", dims: [2], data: [3, 0] },
    },
  },
  {
    name: "from the start",
    inputs: { past_cache: { dtype: "f32", dims: [1, 4, 3] }, update: { dtype: "f32", dims: [1, 2, 3] } },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "A cache with a run of positions replaced, from an index of each sample on",
  dtypes: "any",
  opsets: [24, 24],
  limits: "update must have at least one position along the axis",
};
