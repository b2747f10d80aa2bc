// Data types of tensors and tiles: one table. What a target does with them is the target's business.

export type Dtype =
  | "f64"
  | "f32"
  | "f16"
  | "bf16"
  | "i64"
  | "i32"
  | "i16"
  | "i8"
  | "u64"
  | "u32"
  | "u16"
  | "u8"
  | "bool";

export interface DtypeInfo {
  readonly bytes: number;
  readonly kind: "float" | "signed" | "unsigned" | "bool";
  /** dtype in which `sum` and `dot` accumulate unless they name another */
  readonly accumulator: Dtype;
}

const info = (bytes: number, kind: DtypeInfo["kind"], accumulator: Dtype): DtypeInfo => ({ bytes, kind, accumulator });

export const dtypes: Readonly<Record<Dtype, DtypeInfo>> = {
  f64: info(8, "float", "f64"),
  f32: info(4, "float", "f32"),
  f16: info(2, "float", "f32"),
  bf16: info(2, "float", "f32"),
  i64: info(8, "signed", "i64"),
  i32: info(4, "signed", "i32"),
  i16: info(2, "signed", "i32"),
  i8: info(1, "signed", "i32"),
  u64: info(8, "unsigned", "u64"),
  u32: info(4, "unsigned", "u32"),
  u16: info(2, "unsigned", "u32"),
  u8: info(1, "unsigned", "i32"),
  bool: info(1, "bool", "i32"),
};

export const isFloat = (d: Dtype): boolean => dtypes[d].kind === "float";
export const is64BitInteger = (d: Dtype): boolean => d === "i64" || d === "u64";
export const bytesOf = (d: Dtype): number => dtypes[d].bytes;
