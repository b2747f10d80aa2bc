// Small ONNX files for tests, written with the protobuf library: what a test says is all that the file holds.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import type {
  AttributeProtoSchema,
  NodeProtoSchema,
  SparseTensorProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { AttributeProto_AttributeType as AttributeType, GraphProtoSchema, ModelProtoSchema } from "onnx-buf";

export type AttributeInit = MessageInitShape<typeof AttributeProtoSchema>;
export type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
export type TensorInit = MessageInitShape<typeof TensorProtoSchema>;
export type SparseInit = MessageInitShape<typeof SparseTensorProtoSchema>;
export type ValueInit = MessageInitShape<typeof ValueInfoProtoSchema>;

/** element types of TensorProto */
export const elementType = {
  f32: 1,
  u8: 2,
  i8: 3,
  u16: 4,
  i16: 5,
  i32: 6,
  i64: 7,
  string: 8,
  bool: 9,
  f16: 10,
  f64: 11,
  bf16: 16,
} as const;

/** A tensor type; dims are numbers, names, or null for a dim that the file leaves open. */
export function value(name: string, type: number, dims?: readonly (number | bigint | string | null)[]): ValueInit {
  const dim = dims?.map(d =>
    d === null
      ? {}
      : {
          value:
            typeof d === "string"
              ? ({ case: "dimParam", value: d } as const)
              : ({ case: "dimValue", value: BigInt(d) } as const),
        },
  );
  const shape = dim ? { shape: { dim } } : {};
  return { name, type: { value: { case: "tensorType", value: { elemType: type, ...shape } } } };
}

export function node(
  opType: string,
  input: string[],
  output: string[],
  attributes: AttributeInit[] = [],
  name = "",
): NodeInit {
  return { opType, input, output, name, attribute: attributes };
}

export const int = (name: string, i: number | bigint): AttributeInit => ({
  name,
  type: AttributeType.INT,
  i: BigInt(i),
});
export const float = (name: string, f: number): AttributeInit => ({ name, type: AttributeType.FLOAT, f });
export const text = (name: string, s: string): AttributeInit => ({
  name,
  type: AttributeType.STRING,
  s: Uint8Array.from(Buffer.from(s)),
});
export const strings = (name: string, list: readonly string[]): AttributeInit => ({
  name,
  type: AttributeType.STRINGS,
  strings: list.map(s => Uint8Array.from(Buffer.from(s))),
});
export const ints = (name: string, list: readonly (number | bigint)[]): AttributeInit => ({
  name,
  type: AttributeType.INTS,
  ints: list.map(BigInt),
});
export const floats = (name: string, list: number[]): AttributeInit => ({
  name,
  type: AttributeType.FLOATS,
  floats: list,
});
export const tensorAttribute = (name: string, t: TensorInit): AttributeInit => ({
  name,
  type: AttributeType.TENSOR,
  t,
});
export const sparseAttribute = (name: string, t: SparseInit): AttributeInit => ({
  name,
  type: AttributeType.SPARSE_TENSOR,
  sparseTensor: t,
});
export const graphAttribute = (name: string, g: GraphInit): AttributeInit => ({
  name,
  type: AttributeType.GRAPH,
  g: graph(g),
});

export const f32Tensor = (name: string, dims: readonly number[], data: readonly number[]): TensorInit => ({
  name,
  dataType: elementType.f32,
  dims: dims.map(BigInt),
  rawData: new Uint8Array(Float32Array.from(data).buffer),
});
export const i64Tensor = (name: string, dims: readonly number[], data: readonly (number | bigint)[]): TensorInit => ({
  name,
  dataType: elementType.i64,
  dims: dims.map(BigInt),
  rawData: new Uint8Array(BigInt64Array.from(data, BigInt).buffer),
});

export interface GraphInit {
  name?: string;
  inputs?: ValueInit[];
  outputs?: ValueInit[];
  nodes?: NodeInit[];
  initializers?: TensorInit[];
  sparse?: SparseInit[];
  /** types of values between nodes */
  declared?: ValueInit[];
}
function graph({ name = "test", inputs = [], outputs = [], nodes = [], ...more }: GraphInit) {
  const { initializers = [], sparse = [], declared = [] } = more;
  const constants = { initializer: initializers, sparseInitializer: sparse };
  const lists = { input: inputs, output: outputs, node: nodes, ...constants, valueInfo: declared };
  return create(GraphProtoSchema, { name, ...lists });
}

/** A function that the file defines: attributes by name, or with their defaults. */
export interface FunctionInit {
  name: string;
  domain?: string;
  inputs?: string[];
  outputs?: string[];
  attributes?: string[];
  defaults?: AttributeInit[];
  nodes?: NodeInit[];
  opsets?: Record<string, number>;
}
/** An attribute that takes its value from one of the function around it. */
export const reference = (name: string, refAttrName: string): AttributeInit => ({ name, refAttrName });

const opsetImports = (versions: Record<string, number>) =>
  Object.entries(versions).map(([domain, version]) => ({ domain, version: BigInt(version) }));

const functionInit = ({ name, domain = "", nodes = [], opsets = { "": 17 }, ...more }: FunctionInit) => ({
  name,
  domain,
  input: more.inputs ?? [],
  output: more.outputs ?? [],
  attribute: more.attributes ?? [],
  attributeProto: more.defaults ?? [],
  node: nodes,
  opsetImport: opsetImports(opsets),
});

export interface ModelInit extends GraphInit {
  functions?: FunctionInit[];
  opset?: number;
  domains?: Record<string, number>;
  irVersion?: number;
}
export function onnxModel({ opset = 17, domains = {}, irVersion = 8, functions = [], ...init }: ModelInit): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: BigInt(irVersion),
      opsetImport: opsetImports({ "": opset, ...domains }),
      graph: graph(init),
      functions: functions.map(functionInit),
    }),
  );
}
