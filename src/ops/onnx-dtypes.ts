// The numbers that attributes of ONNX operators use for dtypes (TensorProto.DataType).
import type { Dtype } from "../ir/dtypes.js";
import { refuse } from "./checks.js";

export const onnxDtypes: Readonly<Record<number, Dtype>> = {
  1: "f32",
  2: "u8",
  3: "i8",
  4: "u16",
  5: "i16",
  6: "i32",
  7: "i64",
  9: "bool",
  10: "f16",
  11: "f64",
  12: "u32",
  13: "u64",
  16: "bf16",
  17: "f8e4m3fn",
  18: "f8e4m3fnuz",
  19: "f8e5m2",
  20: "f8e5m2fnuz",
  21: "u4",
  22: "i4",
  23: "f4e2m1",
  24: "f8e8m0",
  25: "u2",
  26: "i2",
};

/** The number of a dtype. */
export const onnxCodeOf = (dtype: Dtype): number =>
  Number(Object.keys(onnxDtypes).find(code => onnxDtypes[Number(code)] === dtype));

export function dtypeOfOnnx(op: string, node: { readonly name: string }, code: number): Dtype {
  return (
    onnxDtypes[code] ??
    refuse(
      "operator-unsupported",
      op,
      node,
      `element type ${code} is not among ${Object.entries(onnxDtypes)
        .map(([k, d]) => `${k} (${d})`)
        .join(", ")}; use one of these`,
    )
  );
}

/** The dtype that an optional attribute names; that of another tensor where it is left out. */
export const dtypeOr = (other: Dtype, op: string, node: { readonly name: string }, code: number | undefined): Dtype =>
  code === undefined ? other : dtypeOfOnnx(op, node, code);
