// Values as the host holds them between steps, and as users hand them in: tensors, tensors of text, sequences, optionals, maps.
import type { TensorData } from "./tensor.js";

/** A tensor of text, row-major. */
export interface TextData {
  readonly dtype: "string";
  readonly dims: readonly number[];
  readonly data: readonly string[];
}
export type AnyTensor = TensorData | TextData;

/** A sequence is an array; an optional is what it holds, or undefined; a map's keys are text or integers. */
export type HostValue = AnyTensor | readonly HostValue[] | HostMap | undefined;
type Scalar = string | number | bigint;
/** A map of ONNX-ML: integers or texts to values. */
export type HostMap = ReadonlyMap<Scalar, HostValue | Scalar>;

export const isSequence = (v: HostValue): v is readonly HostValue[] => Array.isArray(v);
export const isTensor = (v: HostValue): v is AnyTensor =>
  Object(v) === v && !Array.isArray(v) && !(v instanceof Map) && "dtype" in (v as object);
export const isText = (t: AnyTensor): t is TextData => t.dtype === "string";
