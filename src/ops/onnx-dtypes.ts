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
};

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
