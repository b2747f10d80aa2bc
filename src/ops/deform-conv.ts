// DeformConv: a convolution whose taps are moved by offsets that come as data, and weighed by a mask.
import type { Dims, Value } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import { requireDims, requireEntries, requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { reference as patchesReference } from "./deformed-patches.js";
import { floats } from "./elementwise-references.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";
import { padsOf, perAxis, windowAxes } from "./window.js";

const op = "DeformConv";

export const operator: Operator = {
  name: op,
  inputs: ["X", "W", "offset", "B?", "mask?"],
  outputs: ["Y"],
  attributes: {
    dilations: { type: "ints" },
    group: { type: "int", default: 1 },
    kernel_shape: { type: "ints" },
    offset_group: { type: "int", default: 1 },
    pads: { type: "ints" },
    strides: { type: "ints" },
  },
  shape: node => ({ Y: outputDims(node) }),
  expand: (node, build) => {
    const { X, W, offset, B, mask } = node.inputs;
    const { group } = node.attributes;
    const shape = (...dims: number[]): Value => build.constant("i64", [dims.length], dims);
    const patches = build.node("DeformedPatches", [X, offset, mask], patchAttributes(node), "azulejo");
    const outputs = node.dims.W![0]!.constant;
    const filters = build.node("Reshape", [W, shape(group, outputs / group, -1)]);
    const space = "ijk".slice(0, node.dims.X!.length - 2);
    // groups and their outputs end up side by side in the last dim, whatever the sizes of the space
    const last = build.node("Einsum", [patches, filters], { equation: `ngr${space},gmr->n${space}gm` });
    const joined = build.node("Reshape", [last, shape(0, ...Array.from(space, () => 0), -1)]);
    const biased = B ? build.node("Add", [joined, B]) : joined;
    const rank = space.length + 2;
    const perm = [0, rank - 1, ...Array.from(space, (_, d) => d + 1)];
    return { Y: build.node("Transpose", [biased], { perm }) };
  },
};

function outputDims(node: NodeInfo): Dims {
  const { X, W, offset } = node.dims;
  const { group, offset_group } = node.attributes;
  if (!(offset_group > 0))
    refuse("operator-attribute", "DeformConv", node, `offset_group is ${offset_group}; use 1 or more`);
  if (X!.length < 3 || X!.length > 5 || W!.length !== X!.length || offset!.length !== X!.length)
    refuse(
      "shape",
      op,
      node,
      `X of ${printDims(X!)}, W of ${printDims(W!)} and offset of ${printDims(offset!)} must have one rank, from 3 to 5`,
    );
  if (!W!.every(d => d.isConst))
    refuse("operator-unsupported", op, node, `W of ${printDims(W!)} must have dims in numbers; fix them`);
  const channels = `X has ${X![1]!.print()} channels and W takes ${W![1]!.print()} in each of ${group} groups; they must agree`;
  requireEqual(op, node, X![1]!, W![1]!.mul(group), channels);
  if (W![0]!.constant % group !== 0)
    refuse("shape", op, node, `${W![0]!.constant} outputs do not divide into ${group} groups; change group`);
  const rank = X!.length - 2;
  const taps = W!.slice(2).reduce((n, d) => n * d.constant, 1);
  const wanted = Poly.int(offset_group * taps * rank);
  const offsets = `offset has ${offset![1]!.print()} channels, and ${offset_group} groups of ${taps} taps in ${rank} dims take ${wanted.print()}; change offset_group`;
  requireEqual(op, node, offset![1]!, wanted, offsets);
  const batch = `X of ${printDims(X!)} and offset of ${printDims(offset!)} must have one batch; change either`;
  requireEqual(op, node, X![0]!, offset![0]!, batch);
  requireEntries(op, node, "B", { input: "W", what: "outputs", count: W![0]! });
  const mask = [X![0]!, Poly.int(offset_group * taps), ...offset!.slice(2)];
  requireDims(op, node, "mask", mask, "batch×(groups of offsets · taps), then the dims of the output");
  const windows = windowAxes(
    op,
    { ...node, attributes: { auto_pad: "NOTSET", ...node.attributes } },
    X!.slice(2),
    W!.slice(2),
  );
  windows.forEach((w, d) => {
    const size = offset![d + 2]!;
    const sizes = `offset of ${printDims(offset!)} is for other outputs than the ${w.output.print()} along spatial axis ${d}; they must agree`;
    requireEqual(op, node, w.output, size, sizes);
  });
  return [X![0]!, W![0]!, ...offset!.slice(2)];
}

function patchAttributes(node: NodeInfo): Attributes & Record<string, number | readonly number[]> {
  const rank = node.dims.X!.length - 2;
  return {
    kernel_shape: node.dims.W!.slice(2).map(d => d.constant),
    strides: perAxis(op, node, "strides", rank, 1),
    dilations: perAxis(op, node, "dilations", rank, 1),
    begins: padsOf(op, node, rank).map(([begin]) => begin),
    group: node.attributes.group,
    offset_group: node.attributes.offset_group,
  };
}

export const doc: OperatorDoc = {
  summary: "A convolution whose taps are moved by offsets and weighed by a mask, in one to three spatial dims",
  dtypes: "float",
  opsets: [19, 22],
  limits: "dims of W must be numbers at compile time",
};
export const tolerance: Tolerance = { relative: 8, absolute: 32 };

export const reference: Reference = ({ X, W, offset, B, mask }, attributes, node) => {
  const rank = X!.dims.length - 2;
  const fill = (name: string, value: number): readonly number[] =>
    attributes[name]?.length ? attributes[name] : new Array<number>(rank).fill(value);
  const { group = 1, offset_group = 1 } = attributes;
  const { P } = patchesReference(
    { X: X!, offset: offset!, ...(mask ? { mask } : {}) },
    {
      kernel_shape: W!.dims.slice(2),
      strides: fill("strides", 1),
      dilations: fill("dilations", 1),
      begins: fill("pads", 0).slice(0, rank),
      group,
      offset_group,
    },
    node,
  );
  const read = elements(P!);
  const rows = P!.dims[2]!;
  const perGroup = W!.dims[0]! / group;
  const Y = tabulate(X!.dtype, [X!.dims[0]!, W!.dims[0]!, ...P!.dims.slice(3)], ([n, m, ...o]) => {
    let sum = B ? Number(B.data[m!]) : 0;
    for (let r = 0; r < rows; r++)
      sum += Number(read([n!, Math.floor(m! / perGroup), r, ...o])) * Number(W!.data[m! * rows + r]);
    return sum;
  });
  return { Y };
};

const of = (
  name: string,
  [x, w, offset]: readonly [readonly number[], readonly number[], readonly number[]],
  attributes: Attributes = {},
  more: readonly string[] = [],
  dtype: "f32" | "f16" | "f64" = "f32",
): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  inputs: {
    X: { dtype, dims: x },
    W: { dtype, dims: w, constant: true },
    offset: { dtype, dims: offset },
    ...(more.includes("B") ? { B: { dtype, dims: [w[0]!] } } : {}),
    ...(more.includes("mask")
      ? { mask: { dtype, dims: offset.with(1, offset[1]! / (x.length - 2)), range: [0, 1] } }
      : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...(floats.slice(0, 1).concat("f64") as "f32"[]).map(d =>
    of(
      "plain",
      [
        [1, 2, 5, 6],
        [3, 2, 2, 2],
        [1, 8, 4, 5],
      ],
      {},
      [],
      d,
    ),
  ),
  of(
    "mask and bias",
    [
      [2, 3, 5, 5],
      [4, 3, 3, 3],
      [2, 18, 5, 5],
    ],
    { pads: [1, 1, 1, 1] },
    ["B", "mask"],
  ),
  of(
    "groups",
    [
      [1, 4, 7, 6],
      [6, 2, 2, 3],
      [1, 24, 3, 4],
    ],
    { group: 2, offset_group: 2, strides: [2, 1] },
  ),
  of(
    "dilated",
    [
      [1, 1, 7, 7],
      [2, 1, 2, 2],
      [1, 8, 4, 4],
    ],
    { dilations: [3, 3] },
    ["B"],
  ),
  of("three dims", [
    [1, 1, 3, 4, 3],
    [1, 1, 2, 2, 2],
    [1, 24, 2, 3, 2],
  ]),
];
