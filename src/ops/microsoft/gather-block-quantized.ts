// GatherBlockQuantized of com.microsoft: slices picked along an axis from weights that are quantised in blocks along another.
import type { Dims } from "../../graph/graph.js";
import { opaque, Poly } from "../../ir/poly.js";
import type { AnyTile } from "../../tile/index.js";
import { computeDtype } from "../accumulate.js";
import { requireEqual } from "../broadcast.js";
import { normalizeAxis, printDims, refuse } from "../checks.js";
import { readPosition } from "../gathered-index.js";
import { indexTile, polyOfIndex } from "../index-tiles.js";
import type {
  KernelContext,
  NodeInfo,
  Operand,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import { unpacked } from "./packed-bits.js";

/** Elements in a byte of the data: u8 holds packed ones along the last axis, i4 and u4 are elements of their own. */
const perByte = (node: NodeInfo): number => (node.dtypes.data === "u8" ? 8 / node.attributes.bits : 1);

interface Axes {
  readonly gather: number;
  readonly quantize: number;
}
function axesOf(node: NodeInfo): Axes {
  const rank = node.dims.data!.length;
  const { gather_axis, quantize_axis } = node.attributes;
  const gather = normalizeAxis("GatherBlockQuantized", node, gather_axis, rank);
  const quantize = normalizeAxis("GatherBlockQuantized", node, quantize_axis, rank);
  if (node.dtypes.data === "u8" && (gather !== 0 || quantize !== rank - 1))
    refuse(
      "operator-attribute",
      "GatherBlockQuantized",
      node,
      `data in bytes is packed along its last axis; use gather_axis 0 and quantize_axis ${rank - 1}`,
    );
  return { gather, quantize };
}

function gatheredDims(node: NodeInfo): Dims {
  const { gather } = axesOf(node);
  const data = node.dims.data!;
  const whole = data.map((d, k) => (k === data.length - 1 ? d.mul(perByte(node)) : d));
  return [...whole.slice(0, gather), ...node.dims.indices!, ...whole.slice(gather + 1)];
}

/** A scale and a zero point for each block; zero points are packed as the data are. */
function requireBlocks(node: NodeInfo): void {
  const { data, scales, zero_points } = node.dims;
  const { quantize } = axesOf(node);
  const { block_size } = node.attributes;
  if (!(block_size > 0))
    refuse("operator-attribute", "GatherBlockQuantized", node, `block_size is ${block_size}; it must be positive`);
  const blocks = data!.map((d, k) => {
    const whole = k === data!.length - 1 ? d.mul(perByte(node)) : d;
    return k === quantize ? opaque("div", whole.add(block_size - 1), Poly.int(block_size)) : whole;
  });
  const inBytes = blocks.map((d, k) =>
    k === blocks.length - 1 ? opaque("div", d.add(perByte(node) - 1), Poly.int(perByte(node))) : d,
  );
  for (const [name, dims, wanted] of [
    ["scales", scales!, blocks],
    ["zero_points", zero_points, inBytes],
  ] as const) {
    if (!dims) continue;
    const sentence = `${name} is ${printDims(dims)}; for data of ${printDims(data!)} in blocks of ${block_size} it must be ${printDims(wanted)}`;
    if (dims.length !== wanted.length) refuse("shape", "GatherBlockQuantized", node, sentence);
    dims.forEach((d, k) => {
      requireEqual("GatherBlockQuantized", node, wanted[k]!, d, sentence);
    });
  }
}

export const operator: Operator = {
  name: "GatherBlockQuantized",
  domain: "com.microsoft",
  inputs: ["data", "indices", "scales", "zero_points?"],
  outputs: ["output"],
  attributes: {
    bits: { type: "int", default: 4 },
    block_size: { type: "int", default: 128 },
    gather_axis: { type: "int", default: 0 },
    quantize_axis: { type: "int", default: 1 },
  },
  dtypes: ({ dtypes }) => ({ output: dtypes.scales! }),
  shape: node => {
    requireBlocks(node);
    return { output: gatheredDims(node) };
  },
  at: context => ({
    output: (...index) => {
      const { data, indices } = context.inputs;
      const { gather } = axesOf(context);
      const picks = indices!.rank;
      const size = context.inputs.data!.dims[gather]!.poly;
      const picked = readPosition(context, indices!, index.slice(gather, gather + picks), size);
      const at = [...index.slice(0, gather), picked, ...index.slice(gather + picks)];
      return dequantized(context, data!, at);
    },
  }),
};

function dequantized(context: KernelContext, data: Operand, at: readonly AnyTile[]): AnyTile {
  const { scales, zero_points } = context.inputs;
  const { quantize } = axesOf(context);
  const { bits, block_size } = context.attributes;
  const compute = computeDtype(scales!.dtype);
  const packed = perByte(context) > 1;
  const read = (x: Operand, i: readonly AnyTile[]): AnyTile =>
    packed ? unpacked(bits, polyOfIndex(i.at(-1)!), byte => x.at(...i.slice(0, -1), indexTile(byte))) : x.at(...i);
  const block = at.with(quantize, indexTile(opaque("div", polyOfIndex(at[quantize]!), Poly.int(block_size))));
  const q = read(data, at).cast(compute);
  const zero = zero_points ? read(zero_points, block).cast(compute) : undefined;
  const centred = zero ? q.sub(zero) : data.dtype === "u8" ? q.sub(2 ** (bits - 1)) : q;
  return centred.mul(scales!.at(...block).cast(compute)).cast(scales!.dtype);
}

export const doc: OperatorDoc = {
  summary: "Slices picked along gather_axis from weights in blocks along quantize_axis: (data − zero point) · scale",
  dtypes: "i4, u4, or packed in u8; indices i32 or i64; scales float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 1, absolute: 0 };

/** Packed bytes spread out along the last axis. */
function spread(t: ReferenceTensor, bits: number): ReferenceTensor {
  const count = 8 / bits;
  const read = elements(t);
  return tabulate("i32", t.dims.with(-1, t.dims.at(-1)! * count), i => {
    const last = i.at(-1)!;
    return (Number(read(i.with(-1, Math.floor(last / count)))) >> ((last % count) * bits)) & (2 ** bits - 1);
  });
}

export const reference: Reference = (
  { data, indices, scales, zero_points },
  { bits = 4, block_size = 128, gather_axis = 0, quantize_axis = 1 },
) => {
  const packed = data!.dtype === "u8";
  const whole = packed ? spread(data!, bits) : data!;
  const rank = whole.dims.length;
  const [g, z] = [gather_axis, quantize_axis].map(a => (a + rank) % rank) as [number, number];
  const [read, scale, pick] = [elements(whole), elements(scales!), elements(indices!)];
  const zeros = zero_points && elements(packed ? spread(zero_points, bits) : zero_points);
  const picks = indices!.dims.length;
  const dims = [...whole.dims.slice(0, g), ...indices!.dims, ...whole.dims.slice(g + 1)];
  const output = tabulate(scales!.dtype, dims, i => {
    const p = Number(pick(i.slice(g, g + picks)));
    const at = [...i.slice(0, g), p < 0 ? p + whole.dims[g]! : p, ...i.slice(g + picks)];
    const block = at.with(z, Math.floor(at[z]! / block_size));
    const zero = zeros ? Number(zeros(block)) : packed ? 2 ** (bits - 1) : 0;
    return (Number(read(at)) - zero) * Number(scale(block));
  });
  return { output };
};

const picks = { dtype: "i64", dims: [2, 2], data: [1, -1, 0, 3] } as const;
export const cases = (): readonly OperatorCase[] => [
  ...(["i4", "u4"] as const).map(
    (dtype): OperatorCase => ({
      name: `${dtype}, rows`,
      attributes: { block_size: 16 },
      inputs: {
        data: { dtype, dims: [5, 32], range: [dtype === "i4" ? -8 : 0, dtype === "i4" ? 7 : 15] },
        indices: picks,
        scales: { dtype: "f32", dims: [5, 2], range: [0.1, 2] },
        zero_points: { dtype, dims: [5, 2], range: [0, 7] },
      },
    }),
  ),
  {
    name: "i4, no zero points, other axes, f16",
    attributes: { block_size: 16, gather_axis: 1, quantize_axis: 0 },
    inputs: {
      data: { dtype: "i4", dims: [32, 5], range: [-8, 7] },
      indices: { dtype: "i32", dims: [3], data: [4, 0, 4] },
      scales: { dtype: "f16", dims: [2, 5], range: [0.1, 2] },
    },
  },
  ...[4, 8].map(
    (bits): OperatorCase => ({
      name: `u8 of ${bits} bits`,
      attributes: { block_size: 16, quantize_axis: -1, bits },
      inputs: {
        data: { dtype: "u8", dims: [5, (32 * bits) / 8], range: [0, 255] },
        indices: picks,
        scales: { dtype: "f32", dims: [5, 2], range: [0.1, 2] },
        zero_points: { dtype: "u8", dims: [5, (2 * bits) / 8], range: [0, 255] },
      },
    }),
  ),
  {
    name: "u8, no zero points",
    attributes: { block_size: 16 },
    inputs: {
      data: { dtype: "u8", dims: [5, 16], range: [0, 255] },
      indices: picks,
      scales: { dtype: "f32", dims: [5, 2] },
    },
  },
];
