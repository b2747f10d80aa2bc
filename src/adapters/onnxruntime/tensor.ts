// onnxruntime's Tensor: the same constructors, properties and methods for data on the CPU and in GPU buffers. Not here: textures and
// conversions from and to pictures.
import type { Dtype } from "../../ir/dtypes.js";
import { packed, unpacked } from "../../ir/packed.js";
import type { HostGpuBuffer, HostGpuDevice } from "../../runtime/gpu.js";
import { GpuTensor, isGpuTensor } from "../../runtime/gpu-tensor.js";
import { type AnyTensor, type HostValue, isTensor, isText } from "../../runtime/host-value.js";
import type { TensorArray } from "../../runtime/tensor.js";
import { arrayOf, bytesOfTensor } from "../../runtime/tensor-bytes.js";
import { AzulejoError } from "../../support/errors.js";
import { type GpuBufferOptions, type GpuData, notOnCpu } from "./gpu-data.js";

/** The data of a tensor, by onnxruntime's name of its type. */
export interface DataTypeMap {
  float32: Float32Array;
  float64: Float64Array;
  /** bits; a Float16Array where the engine has that type, as in onnxruntime */
  float16: Uint16Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  /** two elements a byte, the first in the lower half, as in onnxruntime */
  int4: Uint8Array;
  uint4: Uint8Array;
  bool: Uint8Array;
  string: string[];
}
/** onnxruntime's names of types. */
export type TensorType = keyof DataTypeMap;
export type DataLocation = "none" | "cpu" | "gpu-buffer";
/** element types that a GPU buffer may have */
export type GpuBufferType = Exclude<TensorType, "string" | "int4" | "uint4" | "float64">;

/** What all tensors have. */
export interface TypedTensor<T extends TensorType> {
  readonly type: T;
  /** may be assigned, as onnxruntime's can: transformers.js does */
  dims: readonly number[];
  readonly size: number;
  readonly data: DataTypeMap[T];
  readonly location: DataLocation;
  /** throws where the data are not in one */
  readonly gpuBuffer: HostGpuBuffer;
  getData(releaseData?: boolean): Promise<DataTypeMap[T]>;
  dispose(): void;
  reshape(dims: readonly number[]): TypedTensor<T>;
}
export interface Tensor extends TypedTensor<TensorType> {
  reshape(dims: readonly number[]): Tensor;
}

type Arrays = DataTypeMap;
type Location = DataLocation;
type Buffer = HostGpuBuffer;
/** The names of types under which onnxruntime's declarations, and programs that use them, look for these. */
export declare namespace Tensor {
  type Type = TensorType;
  type DataTypeMap = Arrays;
  type DataType = Arrays[TensorType];
  type ElementTypeMap = { [T in TensorType]: Element<T> };
  type ElementType = ElementTypeMap[TensorType];
  type DataLocation = Location;
  type GpuBufferType = Buffer;
  type GpuBufferDataTypes = "float32" | "float16" | "int32" | "int64" | "uint32" | "uint8" | "bool";
  type CpuPinnedDataTypes = Exclude<TensorType, "string">;
}
type Element<T extends TensorType> = T extends "string"
  ? string
  : T extends "bool"
    ? boolean
    : T extends "int64" | "uint64"
      ? bigint
      : number;
/** onnxruntime's name of what goes in and comes out: tensors alone. */
export type OnnxValue = Tensor;
/** onnxruntime's name of where data lie. */
export type OnnxValueDataLocation = DataLocation;

type Numbers = readonly number[];
type NumericType = Exclude<TensorType, "string" | "bool" | "int64" | "uint64">;
/** What makes tensors: data with or without a type before them, and dims; the class `Tensor` itself. */
export interface TensorConstructor {
  new (type: "string", data: readonly string[], dims?: Numbers): TypedTensor<"string">;
  new (type: "bool", data: Uint8Array | readonly boolean[], dims?: Numbers): TypedTensor<"bool">;
  new (type: "uint8", data: Uint8ClampedArray, dims?: Numbers): TypedTensor<"uint8">;
  new <T extends "int64" | "uint64">(
    type: T,
    data: DataTypeMap[T] | readonly bigint[] | Numbers,
    dims?: Numbers,
  ): TypedTensor<T>;
  new <T extends NumericType>(type: T, data: DataTypeMap[T] | Numbers, dims?: Numbers): TypedTensor<T>;
  new (data: Float32Array, dims?: Numbers): TypedTensor<"float32">;
  new (data: Float64Array, dims?: Numbers): TypedTensor<"float64">;
  new (data: Int8Array, dims?: Numbers): TypedTensor<"int8">;
  new (data: Int16Array, dims?: Numbers): TypedTensor<"int16">;
  new (data: Int32Array, dims?: Numbers): TypedTensor<"int32">;
  new (data: BigInt64Array, dims?: Numbers): TypedTensor<"int64">;
  new (data: Uint8Array | Uint8ClampedArray, dims?: Numbers): TypedTensor<"uint8">;
  new (data: Uint16Array, dims?: Numbers): TypedTensor<"uint16">;
  new (data: Uint32Array, dims?: Numbers): TypedTensor<"uint32">;
  new (data: BigUint64Array, dims?: Numbers): TypedTensor<"uint64">;
  new (data: readonly string[], dims?: Numbers): TypedTensor<"string">;
  new (data: readonly boolean[], dims?: Numbers): TypedTensor<"bool">;
  new (
    type: TensorType,
    data: DataTypeMap[TensorType] | Numbers | readonly string[] | readonly bigint[] | readonly boolean[],
    dims?: Numbers,
  ): Tensor;
  new (data: DataTypeMap[TensorType], dims?: Numbers): Tensor;
  /** A Tensor of `buffer`, in "cpu" memory as any other: nothing has to be pinned for it. */
  fromPinnedBuffer<T extends Exclude<TensorType, "string">>(
    type: T,
    buffer: DataTypeMap[T],
    dims?: Numbers,
  ): TypedTensor<T>;
  /** Data in a buffer of the device that sessions use, `env.webgpu.device`; its usage is STORAGE or COPY_SRC. */
  fromGpuBuffer<T extends GpuBufferType = "float32">(
    buffer: HostGpuBuffer,
    options: GpuBufferOptions<T, DataTypeMap[T]>,
  ): TypedTensor<T>;
}

interface ArrayType {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorArray;
  from(values: Iterable<unknown>): TensorArray;
  readonly name: string;
}

/** Element types with our dtype and the array that holds them; `string` has neither. */
const numeric: Readonly<Record<Exclude<TensorType, "string">, readonly [Dtype, unknown]>> = {
  float32: ["f32", Float32Array],
  float64: ["f64", Float64Array],
  float16: ["f16", Uint16Array],
  int8: ["i8", Int8Array],
  int16: ["i16", Int16Array],
  int32: ["i32", Int32Array],
  int64: ["i64", BigInt64Array],
  uint8: ["u8", Uint8Array],
  uint16: ["u16", Uint16Array],
  uint32: ["u32", Uint32Array],
  uint64: ["u64", BigUint64Array],
  int4: ["i4", Uint8Array],
  uint4: ["u4", Uint8Array],
  bool: ["bool", Uint8Array],
};

/** Looked up at each use: a polyfill may come after this module. */
const halfArray = (): ArrayType | undefined => (globalThis as { Float16Array?: ArrayType }).Float16Array;

function arrayType(type: Exclude<TensorType, "string">): ArrayType {
  return (type === "float16" ? (halfArray() ?? Uint16Array) : numeric[type][1]) as ArrayType;
}

/** onnxruntime's name of a dtype; bf16, 2-bit integers and floats of 8 bits and fewer have none. */
export function typeOfDtype(dtype: Dtype | "string"): TensorType | undefined {
  if (dtype === "string") return "string";
  return (Object.keys(numeric) as (keyof typeof numeric)[]).find(type => numeric[type][0] === dtype);
}

const invalid = (message: string): AzulejoError => new AzulejoError("input", message);

type Data = TensorArray | readonly string[];

function dataOfType(type: TensorType, data: unknown): Data {
  if (type === "string") {
    if (Array.isArray(data)) return data;
    throw invalid(`a Tensor of type "string" needs an array of strings; got ${nameOf(data)}`);
  }
  if (!Object.hasOwn(numeric, type)) {
    throw invalid(`Tensor has no type "${type}"; use one of ${Object.keys(numeric).join(", ")}, string`);
  }
  const wanted = arrayType(type);
  if (Array.isArray(data)) return fromList(type, wanted, data);
  if (data instanceof (wanted as unknown as new () => object)) return data as TensorArray;
  if (type === "uint8" && data instanceof Uint8ClampedArray) return new Uint8Array(data);
  if (type === "float16" && data instanceof Uint16Array) return new wanted(data.buffer, data.byteOffset, data.length);
  throw invalid(`a Tensor of type "${type}" needs a ${wanted.name}; got ${nameOf(data)}`);
}

function absent(what: string, remedy: string): never {
  throw new AzulejoError("target", `azulejo/onnxruntime has no ${what}; ${remedy}`);
}

const isHalfByte = (type: TensorType): type is "int4" | "uint4" => type === "int4" || type === "uint4";

function fromList(type: TensorType, wanted: ArrayType, data: readonly unknown[]): TensorArray {
  if (isHalfByte(type))
    throw invalid(`a Tensor of type "${type}" takes no array of numbers; pass a Uint8Array with two elements a byte`);
  if (type === "float16" && wanted.name === "Uint16Array") {
    throw invalid(
      'a Tensor of type "float16" takes no array of numbers where Float16Array is missing; pass a Uint16Array of bits',
    );
  }
  const wide = type === "int64" || type === "uint64";
  try {
    return wanted.from(wide ? data.map(value => BigInt(value as number)) : data);
  } catch (cause) {
    const remedy = wide ? "pass whole numbers or BigInts" : "pass numbers";
    throw new AzulejoError(
      "input",
      `a Tensor of type "${type}" can't hold its list: ${(cause as Error).message}; ${remedy}`,
      {
        cause,
      },
    );
  }
}

const nameOf = (data: unknown): string => (Object(data) === data ? (data as object).constructor.name : String(data));

function typeOfData(data: unknown): TensorType {
  if (Array.isArray(data)) {
    const kind = typeof data[0];
    if (kind === "string") return "string";
    if (kind === "boolean") return "bool";
    throw invalid(
      `the type of a Tensor can't be told from an array of ${kind}s; name it: new Tensor("float32", data, dims)`,
    );
  }
  if (data instanceof Uint8ClampedArray) return "uint8";
  const types = (Object.keys(numeric) as (keyof typeof numeric)[]).filter(
    type => type !== "float16" && type !== "bool",
  );
  const half = halfArray() as unknown as (new () => object) | undefined;
  if (half !== undefined && data instanceof half) return "float16";
  const found = types.find(type => data instanceof (numeric[type][1] as new () => object));
  if (found === undefined) throw invalid(`the type of a Tensor can't be told from ${nameOf(data)}; pass a typed array`);
  return found;
}

class OrtTensor {
  readonly type: TensorType;
  dims: readonly number[];
  readonly size: number;
  /** onnxruntime's name for the field; transformers.js reads and assigns it */
  cpuData: Data | undefined;
  #gpu: GpuData<Data> | undefined;
  #downloading = false;

  constructor(first: unknown, second?: unknown, third?: unknown) {
    if (first instanceof OnGpu) {
      this.type = first.type;
      this.dims = first.dims;
      this.size = sizeOf(first.dims);
      this.#gpu = first.data;
      return;
    }
    const named = typeof first === "string";
    this.type = named ? (first as TensorType) : typeOfData(first);
    const data = dataOfType(this.type, named ? second : first);
    const dims = (named ? third : second) ?? [data.length];
    this.size = sizeOf(dims);
    const wanted = isHalfByte(this.type) ? Math.ceil(this.size / 2) : this.size;
    if (wanted !== data.length) {
      const needs = isHalfByte(this.type) ? ` in ${wanted} bytes` : "";
      throw invalid(
        `a Tensor of dims [${dims}] has ${this.size} elements${needs}, but its data has ${data.length}; make them agree`,
      );
    }
    this.dims = dims as readonly number[];
    this.cpuData = data;
  }

  static fromGpuBuffer(
    buffer: HostGpuBuffer,
    { dataType: type = "float32", dims, download, dispose }: GpuBufferOptions<TensorType, Data>,
  ): OrtTensor {
    requireGpuType(type);
    sizeOf(dims);
    return new OrtTensor(new OnGpu(type, dims, { buffer, tensor: undefined, download, dispose }));
  }

  static fromPinnedBuffer(type: TensorType, buffer: unknown, dims?: readonly number[]): OrtTensor {
    return new OrtTensor(type, buffer, dims);
  }
  // What onnxruntime's Tensor has and this one has not is an error that says so.
  static fromImage(): never {
    return absent("Tensor.fromImage()", "read the picture's pixels and make a Tensor of their numbers");
  }
  static fromTexture(): never {
    return absent("Tensor.fromTexture()", "use fromGpuBuffer()");
  }
  static fromMLTensor(): never {
    return absent("Tensor.fromMLTensor()", "read it and make a Tensor of its numbers");
  }
  toDataURL(): never {
    return absent("toDataURL()", "make ImageData of the Tensor's data and draw it");
  }
  toImageData(): never {
    return absent("toImageData()", "make ImageData of the Tensor's data");
  }
  get texture(): never {
    return absent("textures", "use data, or gpuBuffer");
  }
  get mlTensor(): never {
    return absent("MLTensors", "use data, or gpuBuffer");
  }

  get data(): Data {
    if (this.cpuData !== undefined) return this.cpuData;
    if (this.#gpu) throw notOnCpu(this.type);
    throw new AzulejoError("disposed", "this Tensor was used after dispose(); keep it until then");
  }
  get location(): DataLocation {
    return this.cpuData !== undefined ? "cpu" : this.#gpu ? "gpu-buffer" : "none";
  }
  get gpuBuffer(): HostGpuBuffer {
    if (this.#gpu) return this.#gpu.buffer;
    throw new AzulejoError("input", `the data of this Tensor lie at "${this.location}", in no GPU buffer; use data`);
  }
  /** What sessions made and take back as it is. */
  get gpuTensor(): GpuTensor | undefined {
    return this.#gpu?.tensor;
  }

  /** Reads data back that lie in a GPU buffer; from then on they are here. `releaseData`: the buffer is freed. */
  async getData(releaseData?: boolean): Promise<Data> {
    const gpu = this.#gpu;
    if (this.cpuData !== undefined || !gpu) return this.data;
    if (!gpu.download)
      throw new AzulejoError("input", "this Tensor was made without a download function; give one to fromGpuBuffer");
    if (this.#downloading)
      throw new AzulejoError("input", "this Tensor is being read already; await the first getData()");
    this.#downloading = true;
    try {
      const data = await gpu.download();
      this.cpuData = dataOfType(this.type, data);
      if (releaseData) this.#release();
      return this.cpuData;
    } finally {
      this.#downloading = false;
    }
  }
  #release(): void {
    this.#gpu?.dispose?.();
    this.#gpu = undefined;
  }

  dispose(): void {
    if (this.#downloading)
      throw new AzulejoError("input", "this Tensor is being read; await getData() before dispose()");
    this.#release();
    this.cpuData = undefined;
  }

  /** The same data under other dims. */
  reshape(dims: readonly number[]): OrtTensor {
    if (this.#gpu && this.cpuData === undefined)
      throw new AzulejoError("input", "a Tensor in a GPU buffer can't be reshaped; make another with fromGpuBuffer");
    return new OrtTensor(this.type, this.data, dims);
  }
}

/** What the constructor is told of data in a GPU buffer. */
class OnGpu {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: GpuData<Data>;
  constructor(type: TensorType, dims: readonly number[], data: GpuData<Data>) {
    this.type = type;
    this.dims = dims;
    this.data = data;
  }
}

function requireGpuType(type: TensorType): asserts type is GpuBufferType {
  if (type === "string" || isHalfByte(type) || type === "float64" || !Object.hasOwn(numeric, type))
    throw invalid(`a GPU buffer holds no Tensor of type "${type}"; keep it on the CPU`);
}

function sizeOf(dims: unknown): number {
  if (!Array.isArray(dims) || dims.some(dim => !Number.isSafeInteger(dim) || dim < 0)) {
    throw invalid(
      `dims of a Tensor are a list of whole numbers, 0 or more; got ${Array.isArray(dims) ? `[${dims}]` : String(dims)}`,
    );
  }
  return dims.reduce((product: number, dim: number) => product * dim, 1);
}

/** onnxruntime's class of tensors: `new Tensor("float32", data, [1, 3])`. @throws AzulejoError input: data that do not fit type and dims */
export const Tensor = OrtTensor as unknown as TensorConstructor;

/**
 * A fed value as the runtime takes it. Anything with onnxruntime's properties will do, whichever package made it. `device`: that of buffers
 * which sessions did not make.
 */
export function toTensorData(name: string, value: unknown, device?: HostGpuDevice): AnyTensor {
  if ((Object(value) as Partial<Tensor>).location === "gpu-buffer") return onDevice(name, value as Tensor, device);
  const { type, dims, data } = Object(value) as Partial<Tensor>;
  if (type === undefined || dims === undefined || data === undefined) {
    throw invalid(`the value fed to input "${name}" is not a Tensor; make one: new Tensor("float32", data, dims)`);
  }
  if (type === "string") return { dtype: "string", dims, data: data as readonly string[] };
  if (!Object.hasOwn(numeric, type)) {
    throw invalid(
      `input "${name}" got a Tensor of type "${type}", which Azulejo does not compute with; convert it to numbers`,
    );
  }
  const array = data as TensorArray;
  if (isHalfByte(type)) {
    const dtype = numeric[type][0];
    return { dtype, dims, data: arrayOf(dtype, unpacked(dtype, array as Uint8Array, sizeOf(dims))) };
  }
  const half = type === "float16" && nameOf(array) === "Float16Array";
  const bits = half ? new Uint16Array(array.buffer as ArrayBuffer, array.byteOffset, array.length) : array;
  return { dtype: numeric[type][0], dims, data: bits };
}

function onDevice(name: string, value: Tensor, device: HostGpuDevice | undefined): AnyTensor {
  const { type, dims, gpuBuffer: buffer } = value;
  const made = value instanceof OrtTensor ? value.gpuTensor : undefined;
  if (made && made.dims.join() === dims.join()) return made;
  requireGpuType(type);
  if (!device)
    throw invalid(
      `input "${name}" got a Tensor in a GPU buffer, and this session runs on the CPU; await its getData(), or create the session with executionProviders: ["webgpu"]`,
    );
  return new GpuTensor(numeric[type][0], { device, buffer, dispose: () => {} }, dims);
}

/** A result of the runtime as a Tensor. bf16, 2-bit integers and floats of 8 bits and fewer have no names in onnxruntime's JavaScript API. */
export function fromTensorData(name: string, value: HostValue): Tensor {
  if (!isTensor(value))
    throw invalid(
      `output "${name}" is no tensor, and onnxruntime's JavaScript interface has tensors alone; use load() of "azulejo"`,
    );
  const { dtype, dims } = value;
  const type = typeOfDtype(dtype);
  if (type === undefined) {
    throw invalid(`output "${name}" is ${dtype}, which onnxruntime's Tensor has no type for; use load() of "azulejo"`);
  }
  if (isGpuTensor(value)) return fromGpuTensor(type, value);
  const { data } = value;
  if (isHalfByte(type) && !isText(value))
    return new Tensor(type, packed(value.dtype, bytesOfTensor(value)), [...dims]) as Tensor;
  return new Tensor(type, data as DataTypeMap[TensorType], [...dims]);
}

function fromGpuTensor(type: TensorType, tensor: GpuTensor): Tensor {
  const data: GpuData<Data> = {
    buffer: tensor.gpuBuffer,
    tensor,
    download: async () => (await tensor.download()).data,
    dispose: () => tensor.dispose(),
  };
  return new OrtTensor(new OnGpu(type, [...tensor.dims], data)) as unknown as Tensor;
}
