// Data types of tensors and tiles: one table. What a target does with them is the target's business.

/** What elements are: floats (f64, f32, f16, bf16, five of 8 bits, one of 4), integers with and without sign of 64 to 2 bits, bool. */
export type Dtype =
  | "f64"
  | "f32"
  | "f16"
  | "bf16"
  | "f8e4m3fn"
  | "f8e4m3fnuz"
  | "f8e5m2"
  | "f8e5m2fnuz"
  | "f8e8m0"
  | "f4e2m1"
  | "i64"
  | "i32"
  | "i16"
  | "i8"
  | "i4"
  | "i2"
  | "u64"
  | "u32"
  | "u16"
  | "u8"
  | "u4"
  | "u2"
  | "bool";

export interface DtypeInfo {
  /** what an element takes in memory: whole bytes, also where it has fewer bits */
  readonly bytes: number;
  /** what an element takes where it is packed, as in files */
  readonly bits: number;
  readonly kind: "float" | "signed" | "unsigned" | "bool";
  /** dtype in which `sum` and `dot` accumulate unless they name another */
  readonly accumulator: Dtype;
}

const info = (bits: number, kind: DtypeInfo["kind"], accumulator: Dtype): DtypeInfo => ({
  bytes: Math.ceil(bits / 8),
  bits,
  kind,
  accumulator,
});

export const dtypes: Readonly<Record<Dtype, DtypeInfo>> = {
  f64: info(64, "float", "f64"),
  f32: info(32, "float", "f32"),
  f16: info(16, "float", "f32"),
  bf16: info(16, "float", "f32"),
  f8e4m3fn: info(8, "float", "f32"),
  f8e4m3fnuz: info(8, "float", "f32"),
  f8e5m2: info(8, "float", "f32"),
  f8e5m2fnuz: info(8, "float", "f32"),
  f8e8m0: info(8, "float", "f32"),
  f4e2m1: info(4, "float", "f32"),
  i64: info(64, "signed", "i64"),
  i32: info(32, "signed", "i32"),
  i16: info(16, "signed", "i32"),
  i8: info(8, "signed", "i32"),
  i4: info(4, "signed", "i32"),
  i2: info(2, "signed", "i32"),
  u64: info(64, "unsigned", "u64"),
  u32: info(32, "unsigned", "u32"),
  u16: info(16, "unsigned", "u32"),
  u8: info(8, "unsigned", "i32"),
  u4: info(4, "unsigned", "i32"),
  u2: info(2, "unsigned", "i32"),
  bool: info(8, "bool", "i32"),
};

export const isFloat = (d: Dtype): boolean => dtypes[d].kind === "float";
export const is64BitInteger = (d: Dtype): boolean => d === "i64" || d === "u64";
export const bytesOf = (d: Dtype): number => dtypes[d].bytes;
export const bitsOf = (d: Dtype): number => dtypes[d].bits;

/** Smallest and largest value of an integer dtype. */
export function integerRange(d: Dtype): readonly [low: bigint, high: bigint] {
  const bits = BigInt(bitsOf(d));
  return dtypes[d].kind === "signed" ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] : [0n, 2n ** bits - 1n];
}
