// Values of the suites that only the host can hold, read from their files and compared: text, sequences, optionals.
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { fromBinary } from "@bufbuild/protobuf";
import { TensorProto_DataType, TensorProtoSchema } from "onnx-buf";
import type { ValueType } from "../../src/graph/graph.js";
import type { AnyTensor, HostMap, HostValue } from "../../src/runtime/host-value.js";
import { isSequence, isTensor, isText } from "../../src/runtime/host-value.js";
import type { Closeness } from "../../src/testing/difference.js";
import { difference, fromTensorData, toTensorData } from "../../src/testing/difference.js";
import { onnxTolerance, readTensorProto } from "./tensors.js";

/** The content of a file that holds a value of this type; undefined also for an empty optional. */
export function readHostValue(bytes: Uint8Array, { container }: ValueType): HostValue {
  if (container?.kind === "sequence") return read(bytes).list;
  if (container?.kind === "optional") return read(bytes).list[0];
  return readAnyTensor(bytes);
}

function readAnyTensor(bytes: Uint8Array): AnyTensor {
  const proto = fromBinary(TensorProtoSchema, bytes as Uint8Array<ArrayBuffer>);
  if (proto.dataType !== TensorProto_DataType.STRING) {
    const tensor = readTensorProto(bytes);
    if (!tensor) throw new Error(`element type ${TensorProto_DataType[proto.dataType]}`);
    return toTensorData(tensor);
  }
  const data = proto.stringData.map(s => new TextDecoder().decode(s));
  return { dtype: "string", dims: proto.dims.map(Number), data };
}

/** SequenceProto and OptionalProto of onnx-data.proto number their fields alike: 3 tensors, 5 sequences, 7 optionals. */
function read(bytes: Uint8Array): { readonly list: readonly HostValue[] } {
  const reader = new BinaryReader(bytes);
  const list: HostValue[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 3) list.push(readAnyTensor(reader.bytes().slice()));
    else if (field === 5) list.push(read(reader.bytes().slice()).list);
    else if (field === 7) list.push(read(reader.bytes().slice()).list[0]);
    else reader.skip(wireType, field);
  }
  return { list };
}

/** What is wrong with `got`, or nothing. */
export function hostDifference(
  got: HostValue,
  want: HostValue,
  closeness: Closeness = onnxTolerance,
): string | undefined {
  if (want === undefined) return got === undefined ? undefined : "is not empty";
  if (isSequence(want)) {
    if (!isSequence(got)) return "is no sequence";
    if (got.length !== want.length) return `has ${got.length} elements, not ${want.length}`;
    const problems = want.map((w, i) => hostDifference(got[i], w, closeness));
    const first = problems.findIndex(p => p !== undefined);
    return first < 0 ? undefined : `element ${first}: ${problems[first]}`;
  }
  if (want instanceof Map) return mapDifference(got, want);
  if (!isTensor(want) || !isTensor(got)) return "is no tensor";
  if (!isText(want)) return isText(got) ? "is text" : difference(fromTensorData(got), fromTensorData(want), closeness);
  if (!isText(got)) return "is no text";
  if (got.dims.join() !== want.dims.join()) return `dims are [${got.dims}], not [${want.dims}]`;
  const at = want.data.findIndex((s, i) => s !== got.data[i]);
  return at < 0 ? undefined : `element ${at} is ${JSON.stringify(got.data[at])}, not ${JSON.stringify(want.data[at])}`;
}
function mapDifference(got: HostValue, want: HostMap): string | undefined {
  if (!(got instanceof Map)) return "is no map";
  if (got.size !== want.size) return `has ${got.size} keys, not ${want.size}`;
  const key = [...want.keys()].find(k => !Object.is((got as HostMap).get(k), want.get(k)));
  return key === undefined ? undefined : `key ${key} is ${String(got.get(key))}, not ${String(want.get(key))}`;
}
