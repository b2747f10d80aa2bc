// DeformedPatches: what a deformable convolution sees: for each of its outputs, the elements under its taps, which offsets have moved.
// An operator of this project: DeformConv expands to it.
import type { Dims } from "../graph/graph.js";
import { opaque, Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { linearNeighbours, weighted } from "./grid-places.js";
import { indexTile, polyOfIndex } from "./index-tiles.js";
import { forEachIndex } from "./known-values.js";
import type { KernelContext, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "DeformedPatches",
  domain: "azulejo",
  inputs: ["X", "offset", "mask?"],
  outputs: ["P"],
  attributes: {
    kernel_shape: { type: "ints", required: true },
    strides: { type: "ints", required: true },
    dilations: { type: "ints", required: true },
    begins: { type: "ints", required: true },
    group: { type: "int", default: 1 },
    offset_group: { type: "int", default: 1 },
  },
  shape: node => ({ P: patchDims(node) }),
  at: context => ({
    P: (n, g, row, ...o) => {
      const { X, mask } = context.inputs;
      const taps = Poly.int(tapsOf(context));
      const tap = opaque("mod", polyOfIndex(row!), taps);
      const perGroup = opaque("div", X!.dims[1]!.poly, Poly.int(context.attributes.group));
      const channel = polyOfIndex(g!)
        .mul(perGroup)
        .add(opaque("div", polyOfIndex(row!), taps));
      const perOffset = opaque("div", X!.dims[1]!.poly, Poly.int(context.attributes.offset_group));
      const first = opaque("div", channel, perOffset).mul(taps).add(tap);
      const places = o.map((i, d) => placeOf(context, n!, i, o, d, first, tap));
      const neighbours = places.map((p, d) => linearNeighbours(p, X!.dims[d + 2]!.poly));
      const value = weighted(neighbours, at => wide(X!.at(n!, indexTile(channel), ...at), X!.dtype));
      const weight = mask?.at(n!, indexTile(first), ...o);
      return (weight ? value.mul(wide(weight, weight.dtype)) : value).cast(X!.dtype);
    },
  }),
};

const tapsOf = (node: NodeInfo): number => (node.attributes.kernel_shape as number[]).reduce((a, b) => a * b, 1);

function patchDims(node: NodeInfo): Dims {
  const { X, offset } = node.dims;
  const { group } = node.attributes;
  const rows = opaque("div", X![1]!, Poly.int(group)).mul(tapsOf(node));
  return [X![0]!, Poly.int(group), rows, ...offset!.slice(2)];
}

/** Where tap `tap` of output i lies along spatial dim d: `first` counts taps over all groups of offsets. */
function placeOf(
  { inputs, attributes }: KernelContext,
  n: AnyTile,
  i: AnyTile,
  o: readonly AnyTile[],
  d: number,
  first: Poly,
  tap: Poly,
): AnyTile {
  const { kernel_shape, strides, dilations, begins } = attributes;
  const inner = (kernel_shape as number[]).slice(d + 1).reduce((a, b) => a * b, 1);
  const along = opaque("mod", opaque("div", tap, Poly.int(inner)), Poly.int(kernel_shape[d]));
  const regular = polyOfIndex(i).mul(strides[d]).sub(begins[d]).add(along.mul(dilations[d]));
  const moved = inputs.offset!.at(n, indexTile(first.mul(kernel_shape.length).add(d)), ...o);
  const offset = wide(moved, moved.dtype);
  return offset.add(indexTile(regular).cast(offset.dtype));
}

export const doc: OperatorDoc = {
  summary: "The elements under the moved taps of a deformable convolution: a part of DeformConv",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 8, absolute: 16 };

export const reference: Reference = ({ X, offset, mask }, attributes) => {
  const { kernel_shape, strides, dilations, begins, group = 1, offset_group = 1 } = attributes;
  const rank: number = kernel_shape.length;
  const taps: number = kernel_shape.reduce((a: number, b: number) => a * b, 1);
  const [N, C] = X!.dims as [number, number];
  const [read, move] = [elements(X!), elements(offset!)];
  const weigh = mask && elements(mask);
  const dims = [N, group, (C / group) * taps, ...offset!.dims.slice(2)];
  const P = tabulate(X!.dtype, dims, ([n, g, row, ...o]) => {
    const [channel, tap] = [g! * (C / group) + Math.floor(row! / taps), row! % taps];
    const first = Math.floor(channel / (C / offset_group)) * taps + tap;
    let rest = tap;
    const along = kernel_shape
      .toReversed()
      .map((size: number) => {
        const at = rest % size;
        rest = Math.floor(rest / size);
        return at;
      })
      .toReversed();
    const places = o.map(
      (x, d) => x * strides[d] - begins[d] + along[d] * dilations[d] + Number(move([n!, first * rank + d, ...o])),
    );
    let sum = 0;
    forEachIndex(new Array<number>(rank).fill(2), corner => {
      const at = places.map((p, d) => Math.floor(p) + corner[d]!);
      const weight = places.reduce((w, p, d) => w * (1 - Math.abs(p - at[d]!)), 1);
      sum += weight * Number(read([n!, channel, ...at]) ?? 0);
    });
    return weigh ? sum * Number(weigh([n!, first, ...o])) : sum;
  });
  return { P };
};

export const cases = (): readonly OperatorCase[] => [
  {
    name: "two groups of offsets, masked",
    attributes: {
      kernel_shape: [2, 3],
      strides: [2, 1],
      dilations: [1, 2],
      begins: [1, 0],
      group: 2,
      offset_group: 2,
    },
    inputs: {
      X: { dtype: "f32", dims: [2, 4, 5, 7] },
      offset: { dtype: "f32", dims: [2, 24, 3, 3] },
      mask: { dtype: "f32", dims: [2, 12, 3, 3], range: [0, 1] },
    },
  },
  {
    name: "one dim",
    attributes: { kernel_shape: [3], strides: [1], dilations: [1], begins: [1] },
    inputs: { X: { dtype: "f64", dims: [1, 2, 9] }, offset: { dtype: "f64", dims: [1, 3, 9] } },
  },
];
