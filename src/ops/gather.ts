// Gather: whole slices of a tensor, picked along an axis by an integer tensor.
import type { Dims, KnownValue } from "../graph/graph.js";
import type { AnyTile } from "../tile/index.js";
import { normalizeAxis } from "./checks.js";
import { readPosition } from "./gathered-index.js";
import type { KnownElement } from "./known-values.js";
import { forEachIndex, knownDims, numberOf, stridesOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, tabulate } from "./reference-tensors.js";

const axisOf = (node: NodeInfo): number => normalizeAxis("Gather", node, node.attributes.axis, node.dims.data!.length);

const gatheredDims = (node: NodeInfo): Dims => {
  const [data, axis] = [node.dims.data!, axisOf(node)];
  return [...data.slice(0, axis), ...node.dims.indices!, ...data.slice(axis + 1)];
};

function gatheredValues(node: NodeInfo): KnownValue | undefined {
  const [data, indices] = [node.known.data, node.known.indices];
  const dims = knownDims(gatheredDims(node));
  if (!data || !indices || !dims) return undefined;
  const axis = axisOf(node);
  const picks = indices.dims.length;
  const [dataStrides, indexStrides] = [stridesOf(data.dims), stridesOf(indices.dims)];
  const out: KnownElement[] = [];
  forEachIndex(dims, index => {
    const which = index.slice(axis, axis + picks).reduce((at, i, d) => at + i * indexStrides[d]!, 0);
    const picked = numberOf(indices.data[which]);
    const from = [...index.slice(0, axis), wrap(picked ?? 0, data.dims[axis]!), ...index.slice(axis + picks)];
    out.push(picked === undefined ? undefined : data.data[from.reduce((at, i, d) => at + i * dataStrides[d]!, 0)]);
  });
  return { dims, data: out };
}
const wrap = (i: number, size: number): number => (i < 0 ? i + size : i);

export const operator: Operator = {
  name: "Gather",
  inputs: ["data", "indices"],
  outputs: ["output"],
  attributes: { axis: { type: "int", default: 0 } },
  shape: node => ({ output: gatheredDims(node) }),
  values: node => ({ output: gatheredValues(node) }),
  at: context => {
    const { data, indices } = context.inputs;
    const axis = axisOf(context);
    const picks = indices!.rank;
    return {
      output: (...index: AnyTile[]) => {
        const picked = readPosition(context, indices!, index.slice(axis, axis + picks), data!.dims[axis]!.poly);
        return data!.at(...index.slice(0, axis), picked, ...index.slice(axis + picks));
      },
    };
  },
  text: true,
};

export const reference: Reference = ({ data, indices }, { axis = 0 }) => {
  const rank = data!.dims.length;
  const along = axis < 0 ? axis + rank : axis;
  const picks = indices!.dims.length;
  const dims = [...data!.dims.slice(0, along), ...indices!.dims, ...data!.dims.slice(along + 1)];
  const [read, pick] = [elements(data!), elements(indices!)];
  return {
    output: tabulate(data!.dtype, dims, i => {
      const at = wrap(Number(pick(i.slice(along, along + picks))), data!.dims[along]!);
      return read([...i.slice(0, along), at, ...i.slice(along + picks)])!;
    }),
  };
};

const indices = (dims: number[], ...data: number[]) => ({ dtype: "i64", dims, data }) as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "rows", inputs: { data: { dtype: "f32", dims: [5, 19] }, indices: indices([3], 4, 0, 4) } },
  {
    name: "along the last axis, from the end",
    attributes: { axis: -1 },
    inputs: { data: { dtype: "f32", dims: [3, 7] }, indices: indices([2, 2], -1, 0, 3, -7) },
  },
  {
    name: "a scalar index drops the axis",
    attributes: { axis: 1 },
    inputs: { data: { dtype: "i64", dims: [2, 3, 4] }, indices: indices([], 2) },
  },
  {
    name: "32-bit indices",
    inputs: { data: { dtype: "u8", dims: [9] }, indices: { dtype: "i32", dims: [2, 1], data: [8, -9] } },
  },
  { name: "nothing", inputs: { data: { dtype: "f32", dims: [4, 3] }, indices: indices([0]) } },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, rows`,
      inputs: { data: { dtype, dims: [4, 19] }, indices: indices([3], 3, -4, 1) },
    }),
  ),
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, columns`,
      attributes: { axis: 1 },
      inputs: { data: { dtype, dims: [3, 6] }, indices: indices([9], 5, 0, 1, -1, 2, 4, -6, 3, 3) },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = { summary: "Slices picked along an axis", dtypes: "any", opsets: [1, 13] };
