// TensorProto → constant value: dtype, dims and where the bytes are. Reads elements only of small tensors.
import { knownLimit, knownOf } from "../../graph/constants.js";
import type { ConstantData, Value } from "../../graph/graph.js";
import { textDtype } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { bytesOf } from "../../ir/dtypes.js";
import { isPacked, packedBytes, unpacked } from "../../ir/packed.js";
import { Poly } from "../../ir/poly.js";
import { onnxDtypes } from "../../ops/onnx-dtypes.js";
import { AzulejoError } from "../../support/errors.js";
import type { ReadContext } from "./context.js";
import { externalData, windowOf } from "./external-data.js";
import { dataTypeNames, externalDataLocation, stringDataType, type TensorProto } from "./proto.js";
import { decodeText } from "./text.js";

/** `where` names the tensor in messages: `Initializer "w"`. */
export function readDtype(type: number, where: string): Dtype {
  const dtype = onnxDtypes[type];
  if (dtype) return dtype;
  const name = dataTypeNames[type];
  if (!name || type === 0)
    throw new AzulejoError(
      "model-format",
      `${where} has element type ${type}, which ONNX does not define; export the model again`,
    );
  throw new AzulejoError(
    "operator-unsupported",
    `${where} has element type ${name}, which Azulejo does not support; convert it to ${Object.values(onnxDtypes).join(", ")}`,
  );
}

/** A dim of a tensor as a number; ONNX stores 64 bits, no memory holds more than 2^53 elements. */
export function readDims(t: Pick<TensorProto, "dims">, where: string): number[] {
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
  if (t.dataType === stringDataType) return readText(t, name, where);
  const dtype = readDtype(t.dataType, where);
  const dims = readDims(t, where);
  if (t.isSegment)
    throw new AzulejoError(
      "operator-unsupported",
      `${where} is stored in segments, which Azulejo does not read; save the model without them`,
    );
  const elements = dims.reduce((a, b) => a * b, 1);
  const data = await readData(t, dtype, packedBytes(dtype, elements), where, context);
  const constant = isPacked(dtype) ? mapped(data, elements, b => unpacked(dtype, b, elements)) : data;
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
  if (t.dataLocation === externalDataLocation) return externalData(t, byteLength, where, context);
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
  const [first, ...more] = t.payloads;
  if (first === undefined) return undefined;
  const found = context.payloads[first];
  const fits = found && (found.field === 9 || (found.field === 4 ? dtype === "f32" : dtype === "f64"));
  if (!fits || more.length > 0 || t.rawData.length + t.floatData.length + t.doubleData.length > 0)
    throw new AzulejoError(
      "model-format",
      `${where} has its data in more than one field or in one that ${dtype} does not use; export the model again`,
    );
  const { source } = context;
  return windowOf(source, found.offset, found.length);
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
    // one element an entry; of what is packed, one byte
    default:
      return bytesOf(dtype) === 2 ? Uint16Array.from(t.int32Data) : Uint8Array.from(t.int32Data);
  }
}

/** Booleans are 0 and 1 everywhere in Azulejo; files may hold any non-zero byte for true. */
const normalised = (data: ConstantData): ConstantData =>
  mapped(data, data.byteLength, b => (b.some(x => x > 1) ? b.map(x => (x ? 1 : 0)) : b));

/** The bytes as `f` makes them, each time they are read. */
function mapped(data: ConstantData, byteLength: number, f: (b: Uint8Array) => Uint8Array): ConstantData {
  return {
    byteLength,
    read: () => {
      const b = data.read();
      return b instanceof Uint8Array ? f(b) : b.then(f);
    },
  };
}
