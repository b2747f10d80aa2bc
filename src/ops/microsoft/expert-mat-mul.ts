// ExpertMatMul: rows of X times the matrices that an index names for each of them, weights real or of 2, 4 or 8 bits with scales.
// An operator of this project: MoE and QMoE expand to it.
import type { Dtype } from "../../ir/dtypes.js";
import { opaque, Poly } from "../../ir/poly.js";
import type { AnyTile } from "../../tile/index.js";
import { dot } from "../../tile/index.js";
import { computeDtype, wide } from "../accumulate.js";
import { floats } from "../elementwise-references.js";
import { readPosition } from "../gathered-index.js";
import { indexTile, polyOfIndex } from "../index-tiles.js";
import type { KernelContext, Operand, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import type { Element } from "../reference-tensors.js";
import { elements, tabulate } from "../reference-tensors.js";
import { unpacked, unpackedFrom, unpackedNumber } from "./packed-bits.js";

export const operator: Operator = {
  name: "ExpertMatMul",
  domain: "azulejo",
  // tokens×K, or tokens×choices×K; experts×N×K, packed along K; tokens×choices; experts×N, or experts×N×blocks of K. Or columns are neighbours
  // in memory: weights experts×blocks×bytes of a block×N, scales experts×blocks×N, zero points of blocks experts×bytes×N
  inputs: ["X", "W", "experts", "scales?", "zero_points?"],
  outputs: ["Y"],
  // 0 bits: real weights; a block of 0: one scale a row
  attributes: { bits: { type: "int", default: 0 }, block_size: { type: "int", default: 0 } },
  dtypes: ({ dtypes }) => ({ Y: dtypes.X! }),
  shape: ({ dims }) => ({ Y: [...dims.experts!, dims.W![dims.W!.length === 4 ? 3 : 1]!] }),
  at: context => ({
    Y: (t, j, n) => {
      const { X, W, experts } = context.inputs as Readonly<Record<string, Operand>>;
      const expert = readPosition(context, experts!, [t!, j!], W!.dims[0]!.poly);
      const x = (k: AnyTile): AnyTile => wide(X!.rank === 2 ? X!.at(t!, k) : X!.at(t!, j!, k), X!.dtype);
      if (W!.rank === 4) return byBlocks(context, expert, n!, x).cast(X!.dtype);
      const k = X!.dims.at(-1)!.all("k");
      return dot(x(k), weightAt(context, expert, n!, k), k).cast(X!.dtype);
    },
  }),
};

/** The products of a block are added up before they are scaled, and each byte is read once for all weights in it. */
function byBlocks(context: KernelContext, expert: AnyTile, n: AnyTile, x: (k: AnyTile) => AnyTile): AnyTile {
  const { W, scales, zero_points: zeros } = context.inputs as Readonly<Record<string, Operand>>;
  const bits: number = context.attributes.bits;
  const compute = computeDtype(context.dtypes.X!);
  const [b, j] = [W!.dims[1]!.all("b"), W!.dims[2]!.all("j")];
  const [block, perByte] = [polyOfIndex(b), 8 / bits];
  const zero = !zeros
    ? 2 ** (bits - 1)
    : zeros.rank === 2
      ? unpacked(bits, polyOfIndex(n), byte => zeros.at(expert, indexTile(byte))).cast(compute)
      : unpacked(bits, block, byte => zeros.at(expert, indexTile(byte), n)).cast(compute);
  const byte = W!.at(expert, b, j, n).cast("i32");
  const at = block.mul(W!.dims[2]!.poly).add(polyOfIndex(j)).mul(perByte);
  const terms = Array.from({ length: perByte }, (_, part) =>
    x(indexTile(at.add(part))).mul(unpackedFrom(byte, bits, part).cast(compute).sub(zero)),
  );
  const sum = terms.reduce((p, q) => p.add(q)).sum(j);
  return sum.mul(scales!.at(expert, b, n).cast(compute)).sum(b);
}

function weightAt({ inputs, attributes, dtypes }: KernelContext, expert: AnyTile, n: AnyTile, k: AnyTile): AnyTile {
  const { W, scales, zero_points } = inputs as Readonly<Record<string, Operand>>;
  const { bits, block_size } = attributes;
  const compute = computeDtype(dtypes.X!);
  if (bits === 0) return W!.at(expert, n, k).cast(compute);
  const position = polyOfIndex(k);
  const q = unpacked(bits, position, byte => W!.at(expert, n, indexTile(byte))).cast(compute);
  const block = block_size > 0 ? opaque("div", position, Poly.int(block_size)) : Poly.zero;
  const scale = (scales!.rank === 2 ? scales!.at(expert, n) : scales!.at(expert, n, indexTile(block))).cast(compute);
  if (!zero_points) return q.sub(2 ** (bits - 1)).mul(scale);
  // zero points of rows are packed along the rows, those of blocks along the blocks
  const zero =
    zero_points.rank === 2
      ? unpacked(bits, polyOfIndex(n), byte => zero_points.at(expert, indexTile(byte)))
      : unpacked(bits, block, byte => zero_points.at(expert, n, indexTile(byte)));
  return q.sub(zero.cast(compute)).mul(scale);
}

export const doc: OperatorDoc = {
  summary: "Rows times the matrices that an index names for each, real or of 2, 4 or 8 bits: a part of MoE and QMoE",
  dtypes: "float",
  opsets: [1, 1],
};
/** that of MatMul */
export const tolerance: Tolerance = { relative: 8, absolute: 8 };

/** Element k of row n of an expert's matrix. */
function weightReference(
  { W, scales, zero_points }: Readonly<Record<string, ReferenceTensorOf>>,
  bits: number,
  block: number,
): (e: number, n: number, k: number) => number {
  if (W!.dims.length === 4) return columnReference({ W, scales, zero_points }, bits);
  const [, N, width] = W!.dims as [number, number, number];
  if (bits === 0) {
    const read = elements(W!);
    return (e, n, k) => Number(read([e, n, k]));
  }
  const K = (width * 8) / bits;
  const blocks = block > 0 ? Math.ceil(K / block) : 1;
  const perRow = Math.ceil((blocks * bits) / 8);
  return (e, n, k) => {
    const own = block > 0 ? Math.floor(k / block) : 0;
    const byRow = scales!.dims.length === 2;
    const scale = Number(scales!.data[byRow ? e * N + n : (e * N + n) * blocks + own]);
    const zero = !zero_points
      ? 2 ** (bits - 1)
      : zero_points.dims.length === 2
        ? unpackedNumber(zero_points, bits, e * zero_points.dims[1]!, n)
        : unpackedNumber(zero_points, bits, (e * N + n) * perRow, own);
    return (unpackedNumber(W!, bits, (e * N + n) * width, k) - zero) * scale;
  };
}
/** The same where columns are neighbours. */
function columnReference(
  { W, scales, zero_points }: Readonly<Record<string, ReferenceTensorOf | undefined>>,
  bits: number,
): (e: number, n: number, k: number) => number {
  const [bytes, perByte] = [W!.dims[2]!, 8 / bits];
  const [w, s, z] = [elements(W!), elements(scales!), zero_points && elements(zero_points)];
  const part = (byte: Element | undefined, k: number): number =>
    (Number(byte) >> ((k % perByte) * bits)) & (2 ** bits - 1);
  const zero = (e: number, n: number, b: number): number => {
    if (!z) return 2 ** (bits - 1);
    if (zero_points!.dims.length === 2) return part(z([e, Math.floor(n / perByte)]), n);
    return part(z([e, Math.floor(b / perByte), n]), b);
  };
  return (e, n, k) => {
    const [b, j] = [Math.floor(k / (bytes * perByte)), Math.floor(k / perByte) % bytes];
    return (part(w([e, b, j, n]), k) - zero(e, n, b)) * Number(s([e, b, n]));
  };
}
type ReferenceTensorOf = Parameters<Reference>[0][string];

export const reference: Reference = (inputs, { bits = 0, block_size = 0 }) => {
  const { X, W, experts } = inputs;
  const [x, chosen] = [elements(X!), elements(experts!)];
  const weight = weightReference(inputs, bits, block_size);
  const columns = W!.dims[W!.dims.length === 4 ? 3 : 1]!;
  const Y = tabulate(X!.dtype, [...experts!.dims, columns], ([t, j, n]) => {
    const e = Number(chosen([t!, j!]));
    let sum = 0;
    for (let k = 0; k < X!.dims.at(-1)!; k++)
      sum += Number(x(X!.dims.length === 2 ? [t!, k] : [t!, j!, k])) * weight(e, n!, k);
    return sum;
  });
  return { Y };
};

interface More {
  readonly bits?: 2 | 4 | 8;
  readonly block?: number;
  readonly zeros?: boolean;
}
const [experts, N, K] = [5, 8, 32];
const of = (x: readonly number[], { bits, block = 0, zeros }: More, dtype: Dtype = "f32"): OperatorCase => {
  const blocks = block > 0 ? [K / block] : [];
  const perByte = 8 / (bits ?? 8);
  const bytes = (dims: readonly number[]) => ({ dtype: "u8", dims, range: [0, 255] }) as const;
  const zeroDims = block > 0 ? [experts, N, Math.ceil(K / block / perByte)] : [experts, N / perByte];
  return {
    name: `${dtype} ${x.join("×")}${bits ? `, ${bits} bits in blocks of ${block || K}${zeros ? ", zero points" : ""}` : ""}`,
    attributes: { bits: bits ?? 0, block_size: block },
    inputs: {
      X: { dtype, dims: x },
      W: bits ? bytes([experts, N, K / perByte]) : { dtype, dims: [experts, N, K] },
      experts: { dtype: "i64", dims: [3, 2], data: [4, 0, 1, 1, 3, 2] },
      ...(bits ? { scales: { dtype, dims: [experts, N, ...blocks], range: [0.01, 0.1] as const } } : {}),
      ...(zeros ? { zero_points: bytes(zeroDims) } : {}),
    },
  };
};
/** The case with columns as neighbours: the bytes are others, the dims say the same. */
const byColumns = (c: OperatorCase): OperatorCase => {
  const { W, scales, zero_points } = c.inputs;
  const blocks = scales!.dims[2] ?? 1;
  const zeros = zero_points && {
    zero_points: {
      ...zero_points,
      dims: zero_points.dims.length === 2 ? zero_points.dims : [experts, zero_points.dims[2]!, N],
    },
  };
  return {
    ...c,
    name: `${c.name}, columns last`,
    inputs: {
      ...c.inputs,
      W: { ...W!, dims: [experts, blocks, W!.dims[2]! / blocks, N] },
      scales: { ...scales!, dims: [experts, blocks, N] },
      ...zeros,
    },
  };
};
const packedCases = (): readonly OperatorCase[] => [
  of([3, K], { bits: 4 }),
  of([3, 2, K], { bits: 8, zeros: true }),
  of([3, K], { bits: 4, zeros: true }),
  of([3, K], { bits: 4, block: 16, zeros: true }),
  of([3, 2, K], { bits: 2, block: 16 }),
  of([3, K], { bits: 4, block: 16 }, "f16"),
];
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3, K], {}, d)),
  of([3, 2, K], {}),
  ...packedCases(),
  ...packedCases().map(byColumns),
];
