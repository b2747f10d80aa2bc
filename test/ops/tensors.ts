// Tensors of the test suites: protobuf → reference tensors, reference tensors ↔ what run() takes and gives, comparison.
import { fromBinary } from "@bufbuild/protobuf";
import type { TensorProto } from "onnx-buf";
import { TensorProtoSchema } from "onnx-buf";
import { typedView } from "../../src/graph/constants.js";
import { newArray } from "../../src/ir/arrays.js";
import type { Dtype } from "../../src/ir/dtypes.js";
import { bytesOf, is64BitInteger, isFloat } from "../../src/ir/dtypes.js";
import { floatFromBits, floatToBits, isNarrowFloat } from "../../src/ir/float-bits.js";
import { isPacked, unpacked } from "../../src/ir/packed.js";
import { onnxDtypes } from "../../src/ops/onnx-dtypes.js";
import type { ReferenceTensor, Tolerance } from "../../src/ops/operator.js";
import type { Element } from "../../src/ops/reference-tensors.js";
import { sizeOf } from "../../src/ops/reference-tensors.js";
import type { TensorData } from "../../src/runtime/tensor.js";

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
const fromBits = (dtype: Dtype, x: Element): Element => (isNarrowFloat(dtype) ? floatFromBits(dtype, Number(x)) : x);

function fromFields(dtype: Dtype, t: TensorProto, count: number): Element[] {
  if (isPacked(dtype)) return fromRaw(dtype, Uint8Array.from(t.int32Data), count);
  if (dtype === "f32") return t.floatData;
  if (dtype === "f64") return t.doubleData;
  if (dtype === "i64") return t.int64Data;
  if (dtype === "u64") return t.uint64Data;
  if (dtype === "u32") return t.uint64Data.map(Number);
  return t.int32Data.map(x => fromBits(dtype, x));
}

export function toTensorData({ dtype, dims, data }: ReferenceTensor): TensorData {
  const array = newArray(dtype, sizeOf(dims)) as { [index: number]: Element };
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    array[i] = isNarrowFloat(dtype) ? floatToBits(dtype, Number(x)) : is64BitInteger(dtype) ? BigInt(x) : Number(x);
  }
  return { dtype, dims, data: array as unknown as TensorData["data"] };
}

export const fromTensorData = ({ dtype, dims, data }: TensorData): ReferenceTensor => ({
  dtype,
  dims,
  data: Array.from(data as ArrayLike<Element>, x => fromBits(dtype, x)) as number[],
});

/** What the ONNX suite allows for floats; integers and bool must be equal. */
export interface SuiteTolerance {
  readonly rtol: number;
  readonly atol: number;
}
export const onnxTolerance: SuiteTolerance = { rtol: 1e-3, atol: 1e-7 };

/**
 * What ONNX Runtime's own run of its web tests allows on a CPU; numbers in f16 are written with four digits or fewer. Some cases
 * were written for GPUs, with which that run allows 1e-3.
 */
const webTolerance: SuiteTolerance = { rtol: 1e-6, atol: 1e-4 };
const webHalfTolerance: SuiteTolerance = { rtol: 1e-3, atol: 1e-4 };
const coarseWebCases: readonly (readonly [name: RegExp, tolerance: SuiteTolerance])[] = [
  // angles, inputs and outputs are rounded to four digits, so that two rounded products are added up
  [/^rotary-embedding: /, { rtol: 1e-6, atol: 2e-4 }],
  // weights e⁻⁸ and e⁻¹⁰ are taken for 0: 3 is expected where 3.00067 is exact, 9 where it is 9.00036
  [/^multihead-attention: .* pastKey and pastValue; (kvBNSH|Key and Value 4-dims)/, { rtol: 1e-6, atol: 7e-4 }],
];

export function toleranceOf(suite: string, name: string, dtype: Dtype): SuiteTolerance {
  if (suite !== "ort-web-ops") return onnxTolerance;
  if (dtype === "f16") return webHalfTolerance;
  return coarseWebCases.find(([pattern]) => pattern.test(name))?.[1] ?? webTolerance;
}

/** Distance of 1 to the next number; f64 is held to what f32 promises, because functions such as exp are. */
const epsilon: Partial<Record<Dtype, number>> = { f16: 2 ** -10, bf16: 2 ** -7 };

/**
 * |got − want| ≤ ε·(relative·|want| + absolute·scale), as the operator states it, where `want` is rounded to its dtype. A narrow float
 * may be rounded to the other neighbour, since it was computed in f32.
 */
export function asSuiteTolerance({ relative, absolute }: Tolerance, dtype: Dtype, scale: number): SuiteTolerance {
  const e = epsilon[dtype];
  if (e) return { rtol: Math.max(relative, 1) * e, atol: absolute * scale * e };
  return { rtol: relative * 2 ** -23, atol: absolute * scale * 2 ** -23 };
}

/** What is wrong with `got`, or nothing. */
export function difference(
  got: ReferenceTensor,
  want: ReferenceTensor,
  { rtol, atol }: SuiteTolerance,
): string | undefined {
  if (got.dtype !== want.dtype) return `dtype is ${got.dtype}, not ${want.dtype}`;
  if (got.dims.join() !== want.dims.join()) return `dims are [${got.dims}], not [${want.dims}]`;
  if (got.data.length !== sizeOf(want.dims)) return `${got.data.length} elements for dims [${got.dims}]`;
  for (let i = 0; i < want.data.length; i++) {
    const [a, b] = [got.data[i]!, want.data[i]!];
    if (!isClose(want.dtype, a, b, rtol, atol)) return `element ${i} is ${a}, not ${b}`;
  }
  return undefined;
}

function isClose(dtype: Dtype, a: Element, b: Element, rtol: number, atol: number): boolean {
  if (!isFloat(dtype)) return a === b;
  const [x, y] = [Number(a), Number(b)];
  if (Number.isNaN(y)) return Number.isNaN(x);
  return x === y || Math.abs(x - y) <= atol + rtol * Math.abs(y);
}

export const byteLength = (t: ReferenceTensor): number => sizeOf(t.dims) * bytesOf(t.dtype);
