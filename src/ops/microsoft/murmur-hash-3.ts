// MurmurHash3 of com.microsoft: MurmurHash3_x86_32 (A. Appleby, https://github.com/aappleby/smhasher, public domain) of each element,
// taken as its bytes; of text, its UTF-8.
import type { Dtype } from "../../ir/dtypes.js";
import { bytesOf } from "../../ir/dtypes.js";
import type { AnyTensor, TextData } from "../../runtime/host-value.js";
import type { AnyTile } from "../../tile/index.js";
import { literal } from "../../tile/index.js";
import { tensorType } from "../host-types.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";

const [c1, c2] = [0xcc9e2d51, 0x1b873593];
const resultOf = ({ positive }: Attributes): Dtype => (positive === 1 ? "u32" : "i32");

export const operator: Operator = {
  name: "MurmurHash3",
  domain: "com.microsoft",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: { positive: { type: "int", default: 1 }, seed: { type: "int", default: 0 } },
  dtypes: ({ attributes }) => ({ Y: resultOf(attributes) }),
  shape: ({ dims }) => ({ Y: dims.X! }),
  at: ({ inputs, attributes, dtypes }) => ({
    Y: (...i) => {
      const x = inputs.X!.at(...i);
      const h = blocksOf(x, dtypes.X!).reduce(mixed, literal("u32", attributes.seed >>> 0));
      return finished(h.xor(literal("u32", bytesOf(dtypes.X!)))).bitcast(resultOf(attributes));
    },
  }),
  host: {
    reason: "it looks into text",
    types: ({ types, attributes }) => ({ Y: tensorType(resultOf(attributes), types.X!.dims) }),
    run: ({ X }, { attributes }) => {
      const hashes = (X as TextData).data.map(s => hashOf(utf8(s), attributes.seed));
      const data = attributes.positive === 1 ? Uint32Array.from(hashes) : Int32Array.from(hashes);
      return { Y: { dtype: resultOf(attributes), dims: (X as AnyTensor).dims, data } as AnyTensor };
    },
  },
};

/** The words of an element, low ones first. */
function blocksOf(x: AnyTile, dtype: Dtype): readonly AnyTile[] {
  if (bytesOf(dtype) === 4) return [dtype === "u32" ? x : x.bitcast("u32")];
  const whole = dtype === "u64" ? x : x.bitcast("u64");
  return [whole.cast("u32"), whole.shr(literal("u64", 32)).cast("u32")];
}
const rotated = (x: AnyTile, by: number): AnyTile => x.shl(literal("u32", by)).or(x.shr(literal("u32", 32 - by)));
const mixed = (h: AnyTile, block: AnyTile): AnyTile =>
  rotated(h.xor(rotated(block.mul(literal("u32", c1)), 15).mul(literal("u32", c2))), 13)
    .mul(literal("u32", 5))
    .add(literal("u32", 0xe6546b64));
function finished(h: AnyTile): AnyTile {
  const shifted = (x: AnyTile, by: number): AnyTile => x.xor(x.shr(literal("u32", by)));
  const a = shifted(h, 16).mul(literal("u32", 0x85ebca6b));
  return shifted(shifted(a, 13).mul(literal("u32", 0xc2b2ae35)), 16);
}

/** Bytes of a text; halves of pairs that stand alone become U+FFFD. */
function utf8(text: string): readonly number[] {
  return [...text].flatMap(character => {
    const code = character.codePointAt(0)!;
    const c = code >= 0xd800 && code < 0xe000 ? 0xfffd : code;
    if (c < 0x80) return [c];
    const tail = (shift: number): number => 0x80 | ((c >> shift) & 63);
    if (c < 0x800) return [0xc0 | (c >> 6), tail(0)];
    return c < 0x10000 ? [0xe0 | (c >> 12), tail(6), tail(0)] : [0xf0 | (c >> 18), tail(12), tail(6), tail(0)];
  });
}

/** The hash of bytes, as a signed integer of 32 bits. */
function hashOf(bytes: readonly number[], seed: number): number {
  const turn = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
  const scrambled = (k: number): number => Math.imul(turn(Math.imul(k, c1), 15), c2);
  const word = (at: number, count: number): number =>
    Array.from({ length: count }, (_, b) => bytes[at + b]! << (8 * b)).reduce((a, b) => a | b, 0);
  const whole = bytes.length & ~3;
  let h = seed | 0;
  for (let at = 0; at < whole; at += 4) h = (Math.imul(turn(h ^ scrambled(word(at, 4)), 13), 5) + 0xe6546b64) | 0;
  if (bytes.length > whole) h ^= scrambled(word(whole, bytes.length - whole));
  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

export const doc: OperatorDoc = {
  summary: "MurmurHash3 of 32 bits of each element's bytes, or of its text",
  dtypes: "u32, i32, u64, i64, f32, f64 or text",
  opsets: [1, 1],
};
export const tolerance = exact;

/** Byte by byte on bigints. */
export const reference: Reference = ({ X }, { positive = 1, seed = 0 }) => {
  const width = bytesOf(X!.dtype);
  const view = new DataView(new ArrayBuffer(8));
  const write: Partial<Record<Dtype, (x: number | bigint) => void>> = {
    u32: x => view.setUint32(0, Number(x), true),
    i32: x => view.setInt32(0, Number(x), true),
    f32: x => view.setFloat32(0, Number(x), true),
    f64: x => view.setFloat64(0, Number(x), true),
    i64: x => view.setBigInt64(0, BigInt(x), true),
    u64: x => view.setBigUint64(0, BigInt(x), true),
  };
  const u32 = (x: bigint): bigint => BigInt.asUintN(32, x);
  const turn = (x: bigint, by: bigint): bigint => u32((x << by) | (x >> (32n - by)));
  const hashes = Array.from(X!.data as ArrayLike<number | bigint>, x => {
    write[X!.dtype]!(x);
    let h = u32(BigInt(seed));
    for (let at = 0; at < width; at += 4) {
      const k = turn(u32(BigInt(view.getUint32(at, true)) * BigInt(c1)), 15n);
      h = u32(turn(h ^ u32(k * BigInt(c2)), 13n) * 5n + 0xe6546b64n);
    }
    h ^= BigInt(width);
    h = u32((h ^ (h >> 16n)) * 0x85ebca6bn);
    h = u32((h ^ (h >> 13n)) * 0xc2b2ae35n);
    h ^= h >> 16n;
    return Number(positive === 1 ? h : BigInt.asIntN(32, h));
  });
  return { Y: { dtype: resultOf({ positive }), dims: X!.dims, data: hashes } };
};

const of = (dtype: Dtype, attributes: Attributes = {}): OperatorCase => ({
  name: `${dtype} ${JSON.stringify(attributes)}`,
  attributes,
  inputs: { X: { dtype, dims: [3, 7] } },
});
export const cases = (): readonly OperatorCase[] => [
  ...(["u32", "i32", "u64", "i64", "f32", "f64"] as const).map(d => of(d)),
  of("i32", { positive: 0, seed: 42 }),
  of("i64", { seed: 7 }),
];
