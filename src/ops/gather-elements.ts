// GatherElements: each element picked by its own index along an axis.
import { normalizeAxis, printDims, refuse } from "./checks.js";
import { readPosition } from "./gathered-index.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, tabulate } from "./reference-tensors.js";
import { requireAtMost } from "./required-sizes.js";

function axisOf(node: NodeInfo): number {
  const [data, indices] = [node.dims.data!.length, node.dims.indices!.length];
  if (data !== indices)
    refuse("shape", "GatherElements", node, `data has ${data} dims and indices ${indices}; both need the same number`);
  return normalizeAxis("GatherElements", node, node.attributes.axis, data);
}

/** Beside the axis, an index is for the element at its own place, which must be there. */
export function requireFewerBeside(op: string, node: NodeInfo, axis: number): void {
  const { data, indices } = node.dims;
  const sentence = `indices are ${printDims(indices!)} and data ${printDims(data!)}; beside axis ${axis}, indices can't be larger than data`;
  indices!.forEach((d, k) => {
    if (k !== axis) requireAtMost(op, node, d, data![k]!, sentence);
  });
}

export const operator: Operator = {
  name: "GatherElements",
  inputs: ["data", "indices"],
  outputs: ["output"],
  attributes: { axis: { type: "int", default: 0 } },
  shape: node => {
    requireFewerBeside("GatherElements", node, axisOf(node));
    return { output: node.dims.indices! };
  },
  at: context => {
    const { data, indices } = context.inputs;
    const axis = axisOf(context);
    return {
      output: (...index) => {
        const picked = readPosition(context, indices!, index, data!.dims[axis]!.poly);
        return data!.at(...index.map((i, d) => (d === axis ? picked : i)));
      },
    };
  },
  text: true,
};

export const reference: Reference = ({ data, indices }, { axis = 0 }) => {
  const along = axis < 0 ? axis + data!.dims.length : axis;
  const [read, pick] = [elements(data!), elements(indices!)];
  const output = tabulate(data!.dtype, indices!.dims, i => {
    const picked = Number(pick(i));
    return read(i.map((x, d) => (d !== along ? x : picked < 0 ? picked + data!.dims[along]! : picked)))!;
  });
  return { output };
};

export const cases = (): readonly OperatorCase[] => [
  {
    name: "along rows",
    inputs: {
      data: { dtype: "f32", dims: [3, 3] },
      indices: { dtype: "i64", dims: [2, 3], data: [1, 2, 0, 2, 0, 0] },
    },
  },
  {
    name: "along the last axis, from the end",
    attributes: { axis: -1 },
    inputs: {
      data: { dtype: "i32", dims: [2, 5] },
      indices: { dtype: "i32", dims: [2, 3], data: [-1, 0, 4, -5, 2, 2] },
    },
  },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: dtype,
      attributes: { axis: 1 },
      inputs: { data: { dtype, dims: [2, 5] }, indices: { dtype: "i64", dims: [2, 3], data: [4, 0, -1, 2, 2, -5] } },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Elements picked along an axis, each by its own index",
  dtypes: "any",
  opsets: [11, 13],
};
