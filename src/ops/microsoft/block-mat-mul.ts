// BlockMatMul: A · W with weights of 2, 4 or 8 bits in blocks along K, laid out so that columns are neighbours in memory. An operator of
// this project: MatMulNBits expands to it.
import { opaque, Poly } from "../../ir/poly.js";
import type { AnyTile } from "../../tile/index.js";
import { dimOf, dot } from "../../tile/index.js";
import { computeDtype, wide } from "../accumulate.js";
import { floats } from "../elementwise-references.js";
import { indexTile, polyOfIndex } from "../index-tiles.js";
import type { KernelContext, Operand, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import { unpacked, unpackedFrom } from "./packed-bits.js";

type Inputs = Readonly<Record<string, Operand>>;

export const operator: Operator = {
  name: "BlockMatMul",
  domain: "azulejo",
  // A [… K], B [blocks, bytes of a block, N], scales [blocks, N], zero_points packed [bytes, N] or floats [blocks, N], g_idx [K], bias [N]
  inputs: ["A", "B", "scales", "zero_points?", "g_idx?", "bias?"],
  outputs: ["Y"],
  attributes: { bits: { type: "int", required: true }, block_size: { type: "int", required: true } },
  shape: ({ dims: { A, B } }) => ({ Y: [...A!.slice(0, -1), B!.at(-1)!] }),
  at: context => ({
    Y: (...i) => {
      const { A, bias } = context.inputs;
      const n = i.at(-1)!;
      const product = !isWhole(context) ? byColumns : hasManyRows(context) ? byRows : byBlocks;
      const y = product(context, k => wide(A!.at(...i.slice(0, -1), k), A!.dtype), n);
      return (bias ? y.add(bias.at(n).cast(y.dtype)) : y).cast(A!.dtype);
    },
  }),
};

/** Columns of A belong to blocks in order, and the last block is full. */
const isWhole = ({ inputs, dims, attributes }: KernelContext): boolean =>
  !inputs.g_idx && dims.A!.at(-1)!.equals(dims.B![0]!.mul(attributes.block_size));

/** rows from which weights are made floats once for all of them (2048 × 2048 by 64 rows in WebAssembly: 20 ms, row by row 43) */
const MANY_ROWS = 4;
const hasManyRows = ({ dims }: KernelContext): boolean => {
  const rows = Poly.product(dims.A!.slice(0, -1));
  return rows.isConst && rows.constant >= MANY_ROWS;
};

/** Weights as floats, which a matrix product multiplies: made once for all rows of a block. */
function byRows(context: KernelContext, a: (k: AnyTile) => AnyTile, n: AnyTile): AnyTile {
  const { B, scales } = context.inputs as Inputs;
  const { bits, block_size: size } = context.attributes;
  const compute = computeDtype(context.dtypes.A!);
  const perByte = 8 / bits;
  const [b, j] = [B!.dims[0]!.all("b"), B!.dims[1]!.all("j")];
  const part = dimOf("part", Poly.int(perByte)).all("p");
  const block = polyOfIndex(b);
  const k = block.mul(size).add(polyOfIndex(j).mul(perByte)).add(polyOfIndex(part));
  const weight = unpackedFrom(B!.at(b, j, n).cast("i32"), bits, part)
    .cast(compute)
    .sub(zeroAt(context, block, n))
    .mul(scales!.at(b, n).cast(compute));
  return dot(a(indexTile(k)), weight, b, j, part);
}

/** The products of a block are added up before they are scaled: one multiplication less for each, and no index is divided. */
function byBlocks(context: KernelContext, a: (k: AnyTile) => AnyTile, n: AnyTile): AnyTile {
  const { B, scales } = context.inputs as Inputs;
  const { bits, block_size: size } = context.attributes;
  const compute = computeDtype(context.dtypes.A!);
  const [b, j] = [B!.dims[0]!.all("b"), B!.dims[1]!.all("j")];
  const [block, perByte] = [polyOfIndex(b), 8 / bits];
  const zero = zeroAt(context, block, n);
  const byte = B!.at(b, j, n).cast("i32");
  const terms = Array.from({ length: perByte }, (_, part) => {
    const k = indexTile(block.mul(size).add(polyOfIndex(j).mul(perByte)).add(part));
    return a(k).mul(unpackedFrom(byte, bits, part).cast(compute).sub(zero));
  });
  const sum = terms.reduce((x, y) => x.add(y)).sum(j);
  return sum.mul(scales!.at(b, n).cast(compute)).sum(b);
}

function byColumns(context: KernelContext, a: (k: AnyTile) => AnyTile, n: AnyTile): AnyTile {
  const { A, B, scales, g_idx } = context.inputs as Inputs;
  const { bits, block_size: size } = context.attributes;
  const compute = computeDtype(context.dtypes.A!);
  const k = A!.dims.at(-1)!.all("k");
  const [own, within] = (["div", "mod"] as const).map(op => opaque(op, polyOfIndex(k), Poly.int(size))) as [Poly, Poly];
  const q = unpacked(bits, within, byte => B!.at(indexTile(own), indexTile(byte), n)).cast(compute);
  // columns may be assigned to blocks in any order
  const block = g_idx ? polyOfIndex(g_idx.at(k).cast("i32")) : own;
  const scale = scales!.at(indexTile(block), n).cast(compute);
  return dot(a(k), q.sub(zeroAt(context, block, n)).mul(scale), k);
}

/** a zero point, or the number that stands for 0 where there are none */
function zeroAt({ inputs, attributes, dtypes }: KernelContext, block: Poly, n: AnyTile): AnyTile | number {
  const { zero_points: zeros } = inputs as Inputs;
  const compute = computeDtype(dtypes.A!);
  if (!zeros) return 2 ** (attributes.bits - 1);
  if (zeros.dtype !== "u8") return zeros.at(indexTile(block), n).cast(compute);
  return unpacked(attributes.bits, block, byte => zeros.at(indexTile(byte), n)).cast(compute);
}

export const doc: OperatorDoc = {
  summary:
    "A · W, W in blocks of 2, 4 or 8 bits with scales and zero points, its columns neighbours in memory: what MatMulNBits becomes",
  dtypes: "float",
  opsets: [1, 1],
};
/** that of MatMul */
export const tolerance: Tolerance = { relative: 4, absolute: 16 };

export const reference: Reference = ({ A, B, scales, zero_points, g_idx, bias }, { bits, block_size: size }) => {
  const [K, N] = [A!.dims.at(-1)!, B!.dims[2]!];
  const [a, q, s] = [A!, B!, scales!].map(elements) as [Elements, Elements, Elements];
  const zeros = zero_points && elements(zero_points);
  const perByte = 8 / bits;
  const part = (byte: number, position: number): number => (byte >> ((position % perByte) * bits)) & (2 ** bits - 1);
  const weight = (k: number, n: number): number => {
    const [own, within] = [Math.floor(k / size), k % size];
    const block = g_idx ? Number(g_idx.data[k]) : own;
    const zero = !zeros
      ? 2 ** (bits - 1)
      : zero_points!.dtype === "u8"
        ? part(Number(zeros([Math.floor(block / perByte), n])), block)
        : Number(zeros([block, n]));
    return (part(Number(q([own, Math.floor(within / perByte), n])), within) - zero) * Number(s([block, n]));
  };
  return {
    Y: tabulate(A!.dtype, A!.dims.with(-1, N), i => {
      let sum = bias ? Number(bias.data[i.at(-1)!]) : 0;
      for (let k = 0; k < K; k++) sum += Number(a([...i.slice(0, -1), k])) * weight(k, i.at(-1)!);
      return sum;
    }),
  };
};
type Elements = ReturnType<typeof elements>;

interface More {
  readonly bits?: number;
  readonly zero?: "packed" | "float";
  readonly g?: readonly number[];
  readonly dtype?: OperatorCase["inputs"][string]["dtype"];
}
function of(lead: readonly number[], K: number, N: number, size: number, more: More = {}): OperatorCase {
  const { bits = 4, zero, g, dtype = "f32" } = more;
  const blocks = Math.ceil(K / size);
  const bytes = { dtype: "u8", range: [0, 255] } as const;
  const zeros =
    zero === "float"
      ? { dtype, dims: [blocks, N], range: [0, 15] as const }
      : { ...bytes, dims: [Math.ceil((blocks * bits) / 8), N] };
  return {
    name: `${dtype} ${lead.join("×")}×${K} to ${N}, ${bits} bits, blocks of ${size}, zeros ${zero ?? "absent"}${g ? ", g_idx" : ""}`,
    attributes: { bits, block_size: size },
    inputs: {
      A: { dtype, dims: [...lead, K] },
      B: { ...bytes, dims: [blocks, (size * bits) / 8, N] },
      scales: { dtype, dims: [blocks, N], range: [0.01, 0.2] },
      ...(zero ? { zero_points: zeros } : {}),
      ...(g ? { g_idx: { dtype: "i32", dims: [K], data: g } } : {}),
    },
  };
}
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(dtype => of([3], 32, 5, 16, { dtype })),
  of([2, 3], 48, 17, 16, { zero: "packed" }),
  of([2], 64, 7, 32, { zero: "float" }),
  of([3], 40, 5, 32, { zero: "packed" }),
  of([3], 32, 5, 16, { bits: 8, zero: "packed" }),
  of([3], 32, 5, 16, { bits: 2, zero: "packed" }),
  of([2], 32, 4, 16, { zero: "packed", g: Array.from({ length: 32 }, (_, k) => (k * 7) % 2) }),
  of([0], 32, 4, 16),
];
