// TensorProto → constant value: dtype, dims and where the bytes are. Reads elements only of small tensors.
import type { TensorProto } from "onnx-buf";
import { TensorProto_DataLocation, TensorProto_DataType } from "onnx-buf";
import { knownLimit, knownOf } from "../../graph/constants.js";
import type { ConstantData, Value } from "../../graph/graph.js";
import { textDtype } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { bytesOf } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { AzulejoError } from "../../support/errors.js";
import type { ReadContext } from "./context.js";
import { externalData } from "./external-data.js";
import { decodeText } from "./text.js";
import { payloadField } from "./wire.js";

const dtypeOf: Readonly<Record<number, Dtype>> = {
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

/** `where` names the tensor in messages: `Initializer "w"`. */
export function readDtype(type: number, where: string): Dtype {
  const dtype = dtypeOf[type];
  if (dtype) return dtype;
  const name = TensorProto_DataType[type];
  if (!name || type === 0)
    throw new AzulejoError(
      "model-format",
      `${where} has element type ${type}, which ONNX does not define; export the model again`,
    );
  throw new AzulejoError(
    "operator-unsupported",
    `${where} has element type ${name}, which Azulejo does not support; convert it to ${Object.values(dtypeOf).join(", ")}`,
  );
}

/** A dim of a tensor as a number; ONNX stores 64 bits, no memory holds more than 2^53 elements. */
function readDims(t: TensorProto, where: string): number[] {
  let elements = 1;
  const dims = t.dims.map(d => {
    if (d < 0n || d > BigInt(Number.MAX_SAFE_INTEGER))
      throw new AzulejoError(
        "model-format",
        `${where} has dims [${t.dims.join(", ")}], which are not sizes; export the model again`,
      );
    elements *= Number(d);
    return Number(d);
  });
  if (!Number.isSafeInteger(elements * 8))
    throw new AzulejoError(
      "model-format",
      `${where} has dims [${t.dims.join(", ")}], more elements than any memory holds; export the model again`,
    );
  return dims;
}

export async function readTensor(t: TensorProto, name: string, where: string, context: ReadContext): Promise<Value> {
  if (t.dataType === TensorProto_DataType.STRING) return readText(t, name, where);
  const dtype = readDtype(t.dataType, where);
  const dims = readDims(t, where);
  if (t.segment)
    throw new AzulejoError(
      "operator-unsupported",
      `${where} is stored in segments, which Azulejo does not read; save the model without them`,
    );
  const elements = dims.reduce((a, b) => a * b, 1);
  const constant = await readData(t, dtype, elements * bytesOf(dtype), where, context);
  const value: Value = { name, dtype, dims: dims.map(Poly.int), constant };
  return elements > knownLimit ? value : { ...value, known: knownOf(dtype, dims, await constant.read()) };
}

function readText(t: TensorProto, name: string, where: string): Value {
  const dims = readDims(t, where);
  const strings = t.stringData.map(decodeText);
  if (strings.length !== dims.reduce((a, b) => a * b, 1))
    throw new AzulejoError(
      "model-format",
      `${where} has ${strings.length} strings, but its dims are [${dims.join(", ")}]; the file is damaged or was converted badly: export it again`,
    );
  return { name, dtype: textDtype, dims: dims.map(Poly.int), text: true, strings };
}

async function readData(
  t: TensorProto,
  dtype: Dtype,
  byteLength: number,
  where: string,
  context: ReadContext,
): Promise<ConstantData> {
  if (t.dataLocation === TensorProto_DataLocation.EXTERNAL) return externalData(t, byteLength, where, context);
  const data =
    payload(t, dtype, where, context) ?? (t.rawData.length > 0 ? bytes(t.rawData) : bytes(typedData(t, dtype)));
  if (data.byteLength !== byteLength)
    throw new AzulejoError(
      "model-format",
      `${where} has ${data.byteLength} bytes of data, but ${dtype}[${t.dims.join(", ")}] needs ${byteLength}; the file is damaged or was converted badly: export it again`,
    );
  return dtype === "bool" ? normalised(data) : data;
}

const bytes = (b: Uint8Array): ConstantData => ({ byteLength: b.byteLength, read: () => b });

/** The payload that wire.ts cut out of this tensor, if any. */
function payload(t: TensorProto, dtype: Dtype, where: string, context: ReadContext): ConstantData | undefined {
  const standIns = t.$unknown?.filter(u => u.no === payloadField) ?? [];
  if (standIns.length === 0) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = standIns[0]!.data;
  const found = context.payloads[a + b * 2 ** 8 + c * 2 ** 16 + d * 2 ** 24];
  const fits = found && (found.field === 9 || (found.field === 4 ? dtype === "f32" : dtype === "f64"));
  if (!fits || standIns.length > 1 || t.rawData.length + t.floatData.length + t.doubleData.length > 0)
    throw new AzulejoError(
      "model-format",
      `${where} has its data in more than one field or in one that ${dtype} does not use; export the model again`,
    );
  const { source } = context;
  return { byteLength: found.length, read: () => source.read(found.offset, found.length) };
}

/** Elements of the typed fields, as bytes of the dtype. onnx.proto says which field holds which dtype. */
function typedData(t: TensorProto, dtype: Dtype): Uint8Array {
  const array = typedArray(t, dtype);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
function typedArray(t: TensorProto, dtype: Dtype): ArrayBufferView & { readonly byteLength: number } {
  switch (dtype) {
    case "f32":
      return Float32Array.from(t.floatData);
    case "f64":
      return Float64Array.from(t.doubleData);
    case "i64":
      return BigInt64Array.from(t.int64Data);
    case "u64":
      return BigUint64Array.from(t.uint64Data);
    case "u32":
      return Uint32Array.from(t.uint64Data, Number);
    case "i32":
      return Int32Array.from(t.int32Data);
    case "i16":
    case "u16":
    case "f16":
    case "bf16":
      return Uint16Array.from(t.int32Data);
    case "i8":
    case "u8":
    case "bool":
      return Uint8Array.from(t.int32Data);
  }
}

/** Booleans are 0 and 1 everywhere in Azulejo; files may hold any non-zero byte for true. */
function normalised(data: ConstantData): ConstantData {
  const clean = (b: Uint8Array): Uint8Array => (b.some(x => x > 1) ? b.map(x => (x ? 1 : 0)) : b);
  return {
    byteLength: data.byteLength,
    read: () => {
      const b = data.read();
      return b instanceof Uint8Array ? clean(b) : b.then(clean);
    },
  };
}
