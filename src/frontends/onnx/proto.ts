// The messages of an ONNX file as plain objects, and what reads them from bytes: for each message its fields by number, with the types that
// onnx.proto gives them (github.com/onnx/onnx, onnx/onnx.proto; proto2). Fields that nothing behind the front end asks for are skipped. The
// wire format is the protobuf library's; its descriptors, which describe messages to programs, are not needed to read one kind of file.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { payloadField } from "./wire.js";

export interface ModelProto {
  irVersion: bigint;
  graph: GraphProto | undefined;
  opsetImport: OperatorSetIdProto[];
  functions: FunctionProto[];
}
export interface OperatorSetIdProto {
  domain: string;
  version: bigint;
}
export interface GraphProto {
  name: string;
  node: NodeProto[];
  initializer: TensorProto[];
  sparseInitializer: SparseTensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  valueInfo: ValueInfoProto[];
}
export interface FunctionProto {
  name: string;
  domain: string;
  overload: string;
  input: string[];
  output: string[];
  attributeProto: AttributeProto[];
  node: NodeProto[];
  opsetImport: OperatorSetIdProto[];
}
export interface NodeProto {
  name: string;
  domain: string;
  opType: string;
  overload: string;
  input: string[];
  output: string[];
  attribute: AttributeProto[];
}
export interface AttributeProto {
  name: string;
  refAttrName: string;
  type: number;
  f: number;
  i: bigint;
  s: Uint8Array;
  t: TensorProto | undefined;
  g: GraphProto | undefined;
  sparseTensor: SparseTensorProto | undefined;
  tp: TypeProto | undefined;
  floats: number[];
  ints: bigint[];
  strings: Uint8Array[];
  graphs: GraphProto[];
}
export interface TensorProto {
  name: string;
  dims: bigint[];
  dataType: number;
  dataLocation: number;
  /** is only a part of the tensor here? */
  isSegment: boolean;
  rawData: Uint8Array;
  floatData: number[];
  doubleData: number[];
  int32Data: number[];
  int64Data: bigint[];
  uint64Data: bigint[];
  stringData: Uint8Array[];
  externalData: StringStringEntryProto[];
  /** indices of what wire.ts cut out */
  payloads: number[];
}
export interface StringStringEntryProto {
  key: string;
  value: string;
}
export interface SparseTensorProto {
  values: TensorProto | undefined;
  indices: TensorProto | undefined;
  dims: bigint[];
}
export interface ValueInfoProto {
  name: string;
  type: TypeProto | undefined;
}
export interface TypeProto {
  /** the one that is given last, where a file gives several */
  value: { [K in keyof TypeValues]: { readonly case: K; readonly value: TypeValues[K] } }[keyof TypeValues] | undefined;
}
interface TypeValues {
  readonly tensorType: TensorTypeProto;
  readonly sparseTensorType: TensorTypeProto;
  readonly sequenceType: ElementTypeProto;
  readonly optionalType: ElementTypeProto;
  readonly mapType: MapTypeProto;
}
export interface TensorTypeProto {
  elemType: number;
  shape: TensorShapeProto | undefined;
}
export interface ElementTypeProto {
  elemType: TypeProto | undefined;
}
export interface MapTypeProto {
  keyType: number;
  valueType: TypeProto | undefined;
}
export interface TensorShapeProto {
  dim: DimensionProto[];
}
export interface DimensionProto {
  /** a number or a name, as given last */
  value: bigint | string | undefined;
}

/** AttributeProto.AttributeType, by number */
export const attributeTypes = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
  TENSORS: 9,
  GRAPHS: 10,
  SPARSE_TENSOR: 11,
  SPARSE_TENSORS: 12,
  TYPE_PROTO: 13,
  TYPE_PROTOS: 14,
} as const;
/** TensorProto.DataType: names by number */
export const dataTypeNames: readonly string[] = [
  ..."UNDEFINED FLOAT UINT8 INT8 UINT16 INT16 INT32 INT64 STRING BOOL FLOAT16 DOUBLE UINT32 UINT64".split(" "),
  ..."COMPLEX64 COMPLEX128 BFLOAT16 FLOAT8E4M3FN FLOAT8E4M3FNUZ FLOAT8E5M2 FLOAT8E5M2FNUZ".split(" "),
  ..."UINT4 INT4 FLOAT4E2M1 FLOAT8E8M0 UINT2 INT2".split(" "),
];
export const stringDataType = 8;
/** TensorProto.DataLocation */
export const externalDataLocation = 1;

/** Reads one field of `message`; the reader stands behind its tag. */
type FieldReader<M> = (message: M, reader: MessageReader, wire: WireType) => void;
interface MessageType<M> {
  readonly name: string;
  /** with the values of fields that a file leaves out */
  readonly empty: () => M;
  readonly fields: Readonly<Record<number, FieldReader<M>>>;
}

/** as in the protobuf library */
const MOST_DEPTH = 100;

class MessageReader extends BinaryReader {
  #depth = 0;

  /** Of a message that comes twice, protobuf joins the lists, and the last value of a field counts: `into` is the first one. */
  message<M>(type: MessageType<M>, into: M = type.empty()): M {
    return this.fieldsUntil(this.uint32() + this.pos, type, into);
  }
  fieldsUntil<M>(end: number, { name, fields }: MessageType<M>, into: M): M {
    if (++this.#depth > MOST_DEPTH) throw new Error(`messages nest deeper than ${MOST_DEPTH} levels, at ${name}`);
    if (end > this.len) throw new RangeError("premature EOF");
    while (this.pos < end) {
      const [field, wire] = this.tag();
      const read = fields[field];
      if (read) read(into, this, wire);
      else this.skip(wire, field, MOST_DEPTH - this.#depth);
    }
    this.#depth--;
    return into;
  }
  /** A list of numbers lies together, or each has a field of its own. */
  numbers<T>(list: T[], wire: WireType, one: (reader: BinaryReader) => T): void {
    if (wire !== WireType.LengthDelimited) {
      list.push(one(this));
      return;
    }
    const end = this.uint32() + this.pos;
    if (end > this.len) throw new RangeError("premature EOF");
    while (this.pos < end) list.push(one(this));
  }
}
const int32 = (r: BinaryReader): number => r.int32();
const int64 = (r: BinaryReader): bigint => r.int64() as bigint;
const uint64 = (r: BinaryReader): bigint => r.uint64() as bigint;
const float = (r: BinaryReader): number => r.float();
const double = (r: BinaryReader): number => r.double();

/** A number that an enum of proto2 does not have counts as left out. */
function enumerator(r: BinaryReader, most: number, before: number): number {
  const n = r.int32();
  return n >= 0 && n <= most ? n : before;
}
const noBytes = new Uint8Array(0);

const stringStringEntry: MessageType<StringStringEntryProto> = {
  name: "StringStringEntryProto",
  empty: () => ({ key: "", value: "" }),
  fields: {
    1: (m, r) => (m.key = r.string()),
    2: (m, r) => (m.value = r.string()),
  },
};
const operatorSetId: MessageType<OperatorSetIdProto> = {
  name: "OperatorSetIdProto",
  empty: () => ({ domain: "", version: 0n }),
  fields: {
    1: (m, r) => (m.domain = r.string()),
    2: (m, r) => (m.version = int64(r)),
  },
};
const tensor: MessageType<TensorProto> = {
  name: "TensorProto",
  empty: () => ({
    name: "",
    dims: [],
    dataType: 0,
    dataLocation: 0,
    isSegment: false,
    rawData: noBytes,
    floatData: [],
    doubleData: [],
    int32Data: [],
    int64Data: [],
    uint64Data: [],
    stringData: [],
    externalData: [],
    payloads: [],
  }),
  fields: {
    1: (m, r, wire) => r.numbers(m.dims, wire, int64),
    2: (m, r) => (m.dataType = r.int32()),
    3: (m, r, wire) => {
      r.skip(wire, 3);
      m.isSegment = true;
    },
    4: (m, r, wire) => r.numbers(m.floatData, wire, float),
    5: (m, r, wire) => r.numbers(m.int32Data, wire, int32),
    6: (m, r) => m.stringData.push(r.bytes()),
    7: (m, r, wire) => r.numbers(m.int64Data, wire, int64),
    8: (m, r) => (m.name = r.string()),
    9: (m, r) => (m.rawData = r.bytes()),
    10: (m, r, wire) => r.numbers(m.doubleData, wire, double),
    11: (m, r, wire) => r.numbers(m.uint64Data, wire, uint64),
    13: (m, r) => m.externalData.push(r.message(stringStringEntry)),
    14: (m, r) => (m.dataLocation = enumerator(r, externalDataLocation, m.dataLocation)),
    [payloadField]: (m, r) => m.payloads.push(r.fixed32()),
  },
};
const sparseTensor: MessageType<SparseTensorProto> = {
  name: "SparseTensorProto",
  empty: () => ({ values: undefined, indices: undefined, dims: [] }),
  fields: {
    1: (m, r) => (m.values = r.message(tensor, m.values)),
    2: (m, r) => (m.indices = r.message(tensor, m.indices)),
    3: (m, r, wire) => r.numbers(m.dims, wire, int64),
  },
};
const dimension: MessageType<DimensionProto> = {
  name: "TensorShapeProto.Dimension",
  empty: () => ({ value: undefined }),
  fields: {
    1: (m, r) => (m.value = int64(r)),
    2: (m, r) => (m.value = r.string()),
  },
};
const tensorShape: MessageType<TensorShapeProto> = {
  name: "TensorShapeProto",
  empty: () => ({ dim: [] }),
  fields: { 1: (m, r) => m.dim.push(r.message(dimension)) },
};
const tensorType: MessageType<TensorTypeProto> = {
  name: "TypeProto.Tensor",
  empty: () => ({ elemType: 0, shape: undefined }),
  fields: {
    1: (m, r) => (m.elemType = r.int32()),
    2: (m, r) => (m.shape = r.message(tensorShape, m.shape)),
  },
};
const elementType: MessageType<ElementTypeProto> = {
  name: "TypeProto.Sequence",
  empty: () => ({ elemType: undefined }),
  fields: { 1: (m, r) => (m.elemType = r.message(type, m.elemType)) },
};
const mapType: MessageType<MapTypeProto> = {
  name: "TypeProto.Map",
  empty: () => ({ keyType: 0, valueType: undefined }),
  fields: {
    1: (m, r) => (m.keyType = r.int32()),
    2: (m, r) => (m.valueType = r.message(type, m.valueType)),
  },
};
const oneOf =
  <K extends keyof TypeValues>(kind: K, type: MessageType<TypeValues[K]>): FieldReader<TypeProto> =>
  (m, r) => {
    const earlier = m.value?.case === kind ? (m.value.value as TypeValues[K]) : undefined;
    m.value = { case: kind, value: r.message(type, earlier) } as TypeProto["value"];
  };
const type: MessageType<TypeProto> = {
  name: "TypeProto",
  empty: () => ({ value: undefined }),
  fields: {
    1: oneOf("tensorType", tensorType),
    4: oneOf("sequenceType", elementType),
    5: oneOf("mapType", mapType),
    8: oneOf("sparseTensorType", tensorType),
    9: oneOf("optionalType", elementType),
  },
};
const valueInfo: MessageType<ValueInfoProto> = {
  name: "ValueInfoProto",
  empty: () => ({ name: "", type: undefined }),
  fields: {
    1: (m, r) => (m.name = r.string()),
    2: (m, r) => (m.type = r.message(type, m.type)),
  },
};
const attribute: MessageType<AttributeProto> = {
  name: "AttributeProto",
  empty: () => ({
    name: "",
    refAttrName: "",
    type: 0,
    f: 0,
    i: 0n,
    s: noBytes,
    t: undefined,
    g: undefined,
    sparseTensor: undefined,
    tp: undefined,
    floats: [],
    ints: [],
    strings: [],
    graphs: [],
  }),
  fields: {
    1: (m, r) => (m.name = r.string()),
    2: (m, r) => (m.f = r.float()),
    3: (m, r) => (m.i = int64(r)),
    4: (m, r) => (m.s = r.bytes()),
    5: (m, r) => (m.t = r.message(tensor, m.t)),
    6: (m, r) => (m.g = r.message(graph, m.g)),
    7: (m, r, wire) => r.numbers(m.floats, wire, float),
    8: (m, r, wire) => r.numbers(m.ints, wire, int64),
    9: (m, r) => m.strings.push(r.bytes()),
    11: (m, r) => m.graphs.push(r.message(graph)),
    14: (m, r) => (m.tp = r.message(type, m.tp)),
    20: (m, r) => (m.type = enumerator(r, attributeTypes.TYPE_PROTOS, m.type)),
    21: (m, r) => (m.refAttrName = r.string()),
    22: (m, r) => (m.sparseTensor = r.message(sparseTensor, m.sparseTensor)),
  },
};
const node: MessageType<NodeProto> = {
  name: "NodeProto",
  empty: () => ({ name: "", domain: "", opType: "", overload: "", input: [], output: [], attribute: [] }),
  fields: {
    1: (m, r) => m.input.push(r.string()),
    2: (m, r) => m.output.push(r.string()),
    3: (m, r) => (m.name = r.string()),
    4: (m, r) => (m.opType = r.string()),
    5: (m, r) => m.attribute.push(r.message(attribute)),
    7: (m, r) => (m.domain = r.string()),
    8: (m, r) => (m.overload = r.string()),
  },
};
const graph: MessageType<GraphProto> = {
  name: "GraphProto",
  empty: () => ({
    name: "",
    node: [],
    initializer: [],
    sparseInitializer: [],
    input: [],
    output: [],
    valueInfo: [],
  }),
  fields: {
    1: (m, r) => m.node.push(r.message(node)),
    2: (m, r) => (m.name = r.string()),
    5: (m, r) => m.initializer.push(r.message(tensor)),
    11: (m, r) => m.input.push(r.message(valueInfo)),
    12: (m, r) => m.output.push(r.message(valueInfo)),
    13: (m, r) => m.valueInfo.push(r.message(valueInfo)),
    15: (m, r) => m.sparseInitializer.push(r.message(sparseTensor)),
  },
};
const functionType: MessageType<FunctionProto> = {
  name: "FunctionProto",
  empty: () => ({
    name: "",
    domain: "",
    overload: "",
    input: [],
    output: [],
    attributeProto: [],
    node: [],
    opsetImport: [],
  }),
  fields: {
    1: (m, r) => (m.name = r.string()),
    4: (m, r) => m.input.push(r.string()),
    5: (m, r) => m.output.push(r.string()),
    7: (m, r) => m.node.push(r.message(node)),
    9: (m, r) => m.opsetImport.push(r.message(operatorSetId)),
    10: (m, r) => (m.domain = r.string()),
    11: (m, r) => m.attributeProto.push(r.message(attribute)),
    13: (m, r) => (m.overload = r.string()),
  },
};
const model: MessageType<ModelProto> = {
  name: "ModelProto",
  empty: () => ({ irVersion: 0n, graph: undefined, opsetImport: [], functions: [] }),
  fields: {
    1: (m, r) => (m.irVersion = int64(r)),
    7: (m, r) => (m.graph = r.message(graph, m.graph)),
    8: (m, r) => m.opsetImport.push(r.message(operatorSetId)),
    25: (m, r) => m.functions.push(r.message(functionType)),
  },
};

const reading =
  <M>(type: MessageType<M>) =>
  (bytes: Uint8Array): M =>
    new MessageReader(bytes as Uint8Array<ArrayBuffer>).fieldsUntil(bytes.length, type, type.empty());
/** @throws Error, of the protobuf library or this file: the bytes are no such message */
export const decodeModel = reading(model);
/** @throws Error: the bytes are no such message */
export const decodeTensor = reading(tensor);

/** The bytes of a model that has a graph with these outputs and nothing else; they have no types. */
export function modelWithOutputs(names: readonly string[]): Uint8Array {
  const out = new BinaryWriter();
  out.tag(7, WireType.LengthDelimited).fork();
  for (const name of names) {
    out.tag(12, WireType.LengthDelimited).fork();
    out.tag(1, WireType.LengthDelimited).string(name);
    out.join();
  }
  return out.join().finish();
}
