// Tensors of the test suites: protobuf → reference tensors, and how closely each suite wants its outputs.
import { fromBinary } from "@bufbuild/protobuf";
import type { TensorProto } from "onnx-buf";
import { TensorProtoSchema } from "onnx-buf";
import { typedView } from "../../src/graph/constants.js";
import type { Dtype } from "../../src/ir/dtypes.js";
import { bytesOf } from "../../src/ir/dtypes.js";
import { isPacked, unpacked } from "../../src/ir/packed.js";
import { onnxDtypes } from "../../src/ops/onnx-dtypes.js";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import type { Element } from "../../src/ops/reference-tensors.js";
import { sizeOf } from "../../src/ops/reference-tensors.js";
import type { Closeness } from "../../src/testing/difference.js";
import { fromBits } from "../../src/testing/difference.js";

/** A .pb file of a test set; undefined where its element type is out of scope (strings, complex numbers). */
export function readTensorProto(bytes: Uint8Array): ReferenceTensor | undefined {
  const proto = fromBinary(TensorProtoSchema, bytes as Uint8Array<ArrayBuffer>);
  const dtype = onnxDtypes[proto.dataType];
  if (!dtype) return undefined;
  const dims = proto.dims.map(Number);
  const data =
    proto.rawData.length > 0 ? fromRaw(dtype, proto.rawData, sizeOf(dims)) : fromFields(dtype, proto, sizeOf(dims));
  return { dtype, dims, data: data as number[] };
}

function fromRaw(dtype: Dtype, bytes: Uint8Array, count: number): Element[] {
  const content = isPacked(dtype) ? unpacked(dtype, bytes, count) : bytes.slice();
  const array = typedView(dtype, content) as ArrayLike<Element>;
  return Array.from(array, x => fromBits(dtype, x));
}
function fromFields(dtype: Dtype, t: TensorProto, count: number): Element[] {
  if (isPacked(dtype)) return fromRaw(dtype, Uint8Array.from(t.int32Data), count);
  if (dtype === "f32") return t.floatData;
  if (dtype === "f64") return t.doubleData;
  if (dtype === "i64") return t.int64Data;
  if (dtype === "u64") return t.uint64Data;
  if (dtype === "u32") return t.uint64Data.map(Number);
  return t.int32Data.map(x => fromBits(dtype, x));
}

export const onnxTolerance: Closeness = { rtol: 1e-3, atol: 1e-7 };

/**
 * What ONNX Runtime's own run of its web tests allows on a CPU; numbers in f16 are written with four digits or fewer. Some cases
 * were written for GPUs, with which that run allows 1e-3.
 */
const webTolerance: Closeness = { rtol: 1e-6, atol: 1e-4 };
const webHalfTolerance: Closeness = { rtol: 1e-3, atol: 1e-4 };
const coarseWebCases: readonly (readonly [name: RegExp, tolerance: Closeness])[] = [
  // angles, inputs and outputs are rounded to four digits, so that two rounded products are added up
  [/^rotary-embedding: /, { rtol: 1e-6, atol: 2e-4 }],
  // weights e⁻⁸ and e⁻¹⁰ are taken for 0: 3 is expected where 3.00067 is exact, 9 where it is 9.00036
  [/^multihead-attention: .* pastKey and pastValue; (kvBNSH|Key and Value 4-dims)/, { rtol: 1e-6, atol: 7e-4 }],
];

export function toleranceOf(suite: string, name: string, dtype: Dtype): Closeness {
  if (suite !== "ort-web-ops") return onnxTolerance;
  if (dtype === "f16") return webHalfTolerance;
  return coarseWebCases.find(([pattern]) => pattern.test(name))?.[1] ?? webTolerance;
}

export const byteLength = (t: ReferenceTensor): number => sizeOf(t.dims) * bytesOf(t.dtype);
