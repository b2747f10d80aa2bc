// Tile: the tensor repeated along its dims.
import { opaque, Poly } from "../ir/poly.js";
import { refuse } from "./checks.js";
import { indexTile, polyOfIndex } from "./index-tiles.js";
import { knownDims, pick, requiredNumbers, requiredPolys, stridesOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, numbersOf, tabulate } from "./reference-tensors.js";

function repeatsOf(node: NodeInfo): readonly Poly[] {
  const rank = node.dims.input!.length;
  // opset 1 repeats along one axis
  if (node.opset < 6) {
    const [axis] = requiredNumbers("Tile", node, "axis");
    const [times] = requiredPolys("Tile", node, "repeats");
    if (!times) refuse("shape", "Tile", node, "repeats is empty; it must hold how often the axis is repeated");
    return Array.from({ length: rank }, (_, d) => (d === axis ? times : Poly.one));
  }
  const repeats = requiredPolys("Tile", node, "repeats");
  if (repeats.length !== rank)
    refuse(
      "shape",
      "Tile",
      node,
      `repeats has ${repeats.length} elements for ${rank} dims of input; give one for each`,
    );
  return repeats;
}

export const operator: Operator = {
  name: "Tile",
  inputs: ["input", "repeats", "axis?"],
  outputs: ["output"],
  content: ["repeats", "axis"],
  shape: node => {
    const repeats = repeatsOf(node);
    return { output: node.dims.input!.map((d, k) => d.mul(repeats[k]!)) };
  },
  values: node => {
    const known = node.known.input;
    const repeats = repeatsOf(node);
    const dims = knownDims(node.dims.input!.map((d, k) => d.mul(repeats[k]!)));
    if (!known || !dims) return {};
    const strides = stridesOf(known.dims);
    return {
      output: pick(known, dims, index => index.reduce((at, i, d) => at + (i % known.dims[d]!) * strides[d]!, 0)),
    };
  },
  at: context => {
    const repeats = repeatsOf(context);
    const dims = context.dims.input!;
    return {
      output: (...index) =>
        context.inputs.input!.at(
          ...index.map((i, d) => {
            if (repeats[d]!.isOne) return i;
            return dims[d]!.isOne ? 0 : indexTile(opaque("mod", polyOfIndex(i), dims[d]!));
          }),
        ),
    };
  },
  text: true,
};

export const reference: Reference = ({ input, repeats, axis }) => {
  const given = numbersOf(repeats!);
  const times = axis ? input!.dims.map((_, d) => (d === Number(axis.data[0]) ? given[0]! : 1)) : given;
  const read = elements(input!);
  const dims = input!.dims.map((n, d) => n * times[d]!);
  return { output: tabulate(input!.dtype, dims, i => read(i.map((x, d) => x % input!.dims[d]!))!) };
};

export const cases = (): readonly OperatorCase[] => [
  {
    name: "rows and columns",
    inputs: { input: { dtype: "f32", dims: [2, 3] }, repeats: { dtype: "i64", dims: [2], data: [3, 2] } },
  },
  {
    name: "along one axis, opset 1",
    opset: 1,
    inputs: {
      input: { dtype: "f32", dims: [2, 3, 4] },
      repeats: { dtype: "f32", dims: [1], data: [3] },
      axis: { dtype: "f32", dims: [1], data: [1] },
    },
  },
  {
    name: "dims of 1",
    inputs: { input: { dtype: "i64", dims: [1, 5, 1] }, repeats: { dtype: "i64", dims: [3], data: [4, 1, 3] } },
  },
  { name: "none", inputs: { input: { dtype: "f32", dims: [4] }, repeats: { dtype: "i64", dims: [1], data: [0] } } },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: dtype,
      inputs: { input: { dtype, dims: [3, 17] }, repeats: { dtype: "i64", dims: [2], data: [2, 3] } },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "The tensor repeated along its dims",
  dtypes: "any",
  opsets: [1, 13],
  limits: "repeats must be known at compile time, up to dims of other tensors",
};
