// Loop IR operations as WebAssembly opcodes. SIMD opcodes are prefixed by 0xfd, saturating conversions by 0xfc.
import type { LoadOp, StoreOp, Type } from "../../lower/cpu/loop.js";
import type { OpName } from "../../lower/cpu/loop-ops.js";

export const typeByte: Readonly<Record<Type, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** consecutive opcodes from `first` on */
const run = <N extends string>(
  first: number,
  ...names: readonly N[]
): Record<N, readonly [prefix: number, code: number]> => numbered(0, first, names);
const simd = <N extends string>(
  first: number,
  ...names: readonly N[]
): Record<N, readonly [prefix: number, code: number]> => numbered(0xfd, first, names);
const saturating = <N extends string>(
  first: number,
  ...names: readonly N[]
): Record<N, readonly [prefix: number, code: number]> => numbered(0xfc, first, names);
const numbered = <N extends string>(prefix: number, first: number, names: readonly N[]) =>
  Object.fromEntries(names.map((n, i) => [n, [prefix, first + i] as const])) as Record<N, readonly [number, number]>;

/** what is no instruction: relaxed_madd, or a multiplication and an addition; products of halves, or of bytes, and additions; a call */
export type Composed =
  | "f32x4.madd"
  | "f32x4.nmadd"
  | "i32x4.dot_i16x8_add_s"
  | "i32x4.dot_u8x16_i8x16_add"
  | "i32x4.dot_i8x16_i7x16_add"
  | "sums.dot_i8x16_i7x16_add"
  | "i32x4.of_sums"
  | "i32x4.nearest_f32x4_s"
  | "f64.rem";
type Opcode = Exclude<OpName, Composed>;
export const opcodes: Readonly<Record<Opcode, readonly [prefix: number, code: number]>> = {
  ...run(
    0x45,
    "i32.eqz",
    "i32.eq",
    "i32.ne",
    "i32.lt_s",
    "i32.lt_u",
    "i32.gt_s",
    "i32.gt_u",
    "i32.le_s",
    "i32.le_u",
    "i32.ge_s",
    "i32.ge_u",
  ),
  ...run(
    0x50,
    "i64.eqz",
    "i64.eq",
    "i64.ne",
    "i64.lt_s",
    "i64.lt_u",
    "i64.gt_s",
    "i64.gt_u",
    "i64.le_s",
    "i64.le_u",
    "i64.ge_s",
    "i64.ge_u",
  ),
  ...run(0x5b, "f32.eq", "f32.ne", "f32.lt", "f32.gt", "f32.le", "f32.ge"),
  ...run(0x61, "f64.eq", "f64.ne", "f64.lt", "f64.gt", "f64.le", "f64.ge"),
  ...run(0x67, "i32.clz"),
  ...run(
    0x6a,
    "i32.add",
    "i32.sub",
    "i32.mul",
    "i32.div_s",
    "i32.div_u",
    "i32.rem_s",
    "i32.rem_u",
    "i32.and",
    "i32.or",
    "i32.xor",
  ),
  ...run(0x74, "i32.shl", "i32.shr_s", "i32.shr_u"),
  ...run(
    0x7c,
    "i64.add",
    "i64.sub",
    "i64.mul",
    "i64.div_s",
    "i64.div_u",
    "i64.rem_s",
    "i64.rem_u",
    "i64.and",
    "i64.or",
    "i64.xor",
  ),
  ...run(0x86, "i64.shl", "i64.shr_s", "i64.shr_u"),
  ...run(0x8b, "f32.abs", "f32.neg", "f32.ceil", "f32.floor", "f32.trunc", "f32.nearest", "f32.sqrt"),
  ...run(0x92, "f32.add", "f32.sub", "f32.mul", "f32.div", "f32.min", "f32.max"),
  ...run(0x99, "f64.abs", "f64.neg", "f64.ceil", "f64.floor", "f64.trunc", "f64.nearest", "f64.sqrt"),
  ...run(0xa0, "f64.add", "f64.sub", "f64.mul", "f64.div", "f64.min", "f64.max"),
  ...run(0xa7, "i32.wrap_i64"),
  ...run(0xac, "i64.extend_i32_s", "i64.extend_i32_u"),
  ...run(0xb2, "f32.convert_i32_s", "f32.convert_i32_u", "f32.convert_i64_s", "f32.convert_i64_u", "f32.demote_f64"),
  ...run(0xb7, "f64.convert_i32_s", "f64.convert_i32_u", "f64.convert_i64_s", "f64.convert_i64_u", "f64.promote_f32"),
  ...run(
    0xbc,
    "i32.reinterpret_f32",
    "i64.reinterpret_f64",
    "f32.reinterpret_i32",
    "f64.reinterpret_i64",
    "i32.extend8_s",
    "i32.extend16_s",
  ),
  ...saturating(0x00, "i32.trunc_sat_f32_s", "i32.trunc_sat_f32_u", "i32.trunc_sat_f64_s", "i32.trunc_sat_f64_u"),
  ...saturating(0x04, "i64.trunc_sat_f32_s", "i64.trunc_sat_f32_u", "i64.trunc_sat_f64_s", "i64.trunc_sat_f64_u"),
  ...simd(0x11, "i32x4.splat"),
  ...simd(0x13, "f32x4.splat"),
  ...simd(0x1b, "i32x4.extract_lane", "i32x4.replace_lane"),
  ...simd(0x1f, "f32x4.extract_lane", "f32x4.replace_lane"),
  ...simd(
    0x37,
    "i32x4.eq",
    "i32x4.ne",
    "i32x4.lt_s",
    "i32x4.lt_u",
    "i32x4.gt_s",
    "i32x4.gt_u",
    "i32x4.le_s",
    "i32x4.le_u",
    "i32x4.ge_s",
    "i32x4.ge_u",
  ),
  ...simd(0x41, "f32x4.eq", "f32x4.ne", "f32x4.lt", "f32x4.gt", "f32x4.le", "f32x4.ge"),
  ...simd(0x4d, "v128.not", "v128.and", "v128.andnot", "v128.or", "v128.xor", "v128.bitselect", "v128.any_true"),
  ...simd(
    0x65,
    "i8x16.narrow_i16x8_s",
    "i8x16.narrow_i16x8_u",
    "f32x4.ceil",
    "f32x4.floor",
    "f32x4.trunc",
    "f32x4.nearest",
  ),
  ...simd(0x85, "i16x8.narrow_i32x4_s", "i16x8.narrow_i32x4_u"),
  ...simd(0xa0, "i32x4.abs", "i32x4.neg"),
  ...simd(0xab, "i32x4.shl", "i32x4.shr_s", "i32x4.shr_u", "i32x4.add"),
  ...simd(0xb1, "i32x4.sub"),
  ...simd(0xb5, "i32x4.mul", "i32x4.min_s", "i32x4.min_u", "i32x4.max_s", "i32x4.max_u"),
  ...simd(0xe0, "f32x4.abs", "f32x4.neg"),
  ...simd(
    0xe3,
    "f32x4.sqrt",
    "f32x4.add",
    "f32x4.sub",
    "f32x4.mul",
    "f32x4.div",
    "f32x4.min",
    "f32x4.max",
    "f32x4.pmin",
    "f32x4.pmax",
  ),
  ...simd(0xf8, "i32x4.trunc_sat_f32x4_s", "i32x4.trunc_sat_f32x4_u", "f32x4.convert_i32x4_s", "f32x4.convert_i32x4_u"),
};

/** of eight halves, which loop IR has no operations for */
export const halfShifts = simd(0x8b, "shl", "shr_s", "shr_u");
/**
 * Sums of two neighbours' products as eight halves, of relaxed SIMD: engines differ where a byte of the second operand has its first bit set, or a
 * sum does not fit. Beside it what adds such sums, and what makes words of neighbours.
 */
export const halfSums = {
  ...simd(0x112, "dot_i8x16_i7x16_s"),
  ...simd(0x8e, "add"),
  ...simd(0x7e, "extadd_pairwise_s"),
};

/** Of the vector loads that widen bytes: the instructions behind "v128.zero32", which make halves of the lowest bytes and words of those. */
export const widenings = {
  "v128.8x4s": { ...simd(0x87, "i16x8.extend_low_i8x16_s"), ...simd(0xa7, "i32x4.extend_low_i16x8_s") },
  "v128.8x4u": { ...simd(0x89, "i16x8.extend_low_i8x16_u"), ...simd(0xa9, "i32x4.extend_low_i16x8_u") },
} satisfies Partial<Record<LoadOp, object>>;
type WideningLoad = keyof typeof widenings;
export const isWidening = (op: LoadOp): op is WideningLoad => op in widenings;
export const loadCodes: Readonly<
  Record<Exclude<LoadOp, WideningLoad> | "v128.zero32", readonly [prefix: number, code: number]>
> = {
  ...run(0x28, "i32", "i64", "f32", "f64", "i32.8s", "i32.8u", "i32.16s", "i32.16u"),
  ...simd(0x00, "v128"),
  ...simd(0x03, "v128.16x4s", "v128.16x4u"),
  ...simd(0x09, "v128.splat32"),
  ...simd(0x5c, "v128.zero32"),
};
/** by the vector store that packs lanes: the instructions that do, each of a vector and itself, and the lane that is stored then */
export const packingStores: Readonly<Record<PackingStore, readonly [packs: readonly Opcode[], store: PlainStore]>> = {
  "v128.8x4s": [["i16x8.narrow_i32x4_s", "i8x16.narrow_i16x8_s"], "v128.lane32"],
  "v128.8x4u": [["i16x8.narrow_i32x4_s", "i8x16.narrow_i16x8_u"], "v128.lane32"],
  "v128.16x4s": [["i16x8.narrow_i32x4_s"], "v128.lane64"],
  "v128.16x4u": [["i16x8.narrow_i32x4_u"], "v128.lane64"],
};
type PackingStore = Extract<StoreOp, `v128.${number}x4${"s" | "u"}`>;
type PlainStore = Exclude<StoreOp, PackingStore>;
export const isPacking = (op: StoreOp): op is PackingStore => op in packingStores;
export const storeCodes: Readonly<Record<PlainStore, readonly [prefix: number, code: number]>> = {
  ...run(0x36, "i32", "i64", "f32", "f64", "i32.8", "i32.16"),
  ...simd(0x0b, "v128"),
  ...simd(0x58, "v128.lane8", "v128.lane16", "v128.lane32", "v128.lane64"),
};
