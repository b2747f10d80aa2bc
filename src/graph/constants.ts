// Constant values: typed views of their bytes, lazily computed ones, and small ones as known values.
import type { TensorArray } from "../ir/arrays.js";
import { arrayTypes, newArray } from "../ir/arrays.js";
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf, is64BitInteger, isFloat } from "../ir/dtypes.js";
import { floatFromBits, floatToBits, isNarrowFloat } from "../ir/float-bits.js";
import { Poly } from "../ir/poly.js";
import { copyOf } from "../support/bytes.js";
import type { ConstantData, Dims, KnownValue, Value } from "./graph.js";

/** exact in float64; the ends of the 64-bit range mean "to the end" */
export const isExactInteger = (n: number): boolean => Number.isSafeInteger(n) || Math.abs(n) === 2 ** 63;

/** Tensors of at most this many elements are read when the graph is made, so that shape arithmetic sees their content. */
export const knownLimit = 128;

export const bytesData = (bytes: Uint8Array): ConstantData => ({ byteLength: bytes.byteLength, read: () => bytes });

/** Computed each time it is read: constants are read once, when weights are packed, and nothing must hold two copies. */
export const lazyData = (byteLength: number, compute: () => Uint8Array | Promise<Uint8Array>): ConstantData => ({
  byteLength,
  read: compute,
});

/** A tensor whose elements are all the same: costs nothing until it is read. */
export function fillData(dtype: Dtype, elements: number, value: number | bigint): ConstantData {
  return lazyData(elements * bytesOf(dtype), () => encode(dtype, [value], elements));
}

/** Numbers (integers beyond 2^53 saturate) as little-endian bytes; a single number is repeated `elements` times. */
export function encode(
  dtype: Dtype,
  data: readonly (number | bigint)[] | Float64Array,
  elements = data.length,
): Uint8Array {
  const out = newArray(dtype, elements);
  const wide = out instanceof BigInt64Array || out instanceof BigUint64Array;
  if (data.length === 1) wide ? out.fill(saturated(data[0]!, dtype)) : out.fill(stored(dtype, Number(data[0])));
  else if (wide) for (let i = 0; i < elements; i++) out[i] = saturated(data[i]!, dtype);
  else if (converts(dtype)) for (let i = 0; i < elements; i++) out[i] = stored(dtype, Number(data[i]));
  // one call of the engine converts what its own arrays hold
  else if (data instanceof Float64Array) out.set(data);
  else for (let i = 0; i < elements; i++) out[i] = Number(data[i]);
  return new Uint8Array(out.buffer, 0, out.byteLength);
}

const converts = (dtype: Dtype): boolean => isNarrowFloat(dtype) || dtype === "bool";
const stored = (dtype: Dtype, x: number): number =>
  isNarrowFloat(dtype) ? floatToBits(dtype, x) : dtype === "bool" ? (x !== 0 ? 1 : 0) : x;

function saturated(x: number | bigint, dtype: Dtype): bigint {
  const [low, high] = dtype === "i64" ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  if (x <= low) return low;
  if (x >= high) return high;
  return typeof x === "bigint" ? x : BigInt(Math.trunc(x));
}

/** The bytes as a typed array; copies only where they are not aligned. Narrow floats stay bits. */
export function typedView(dtype: Dtype, bytes: Uint8Array): TensorArray {
  const size = bytesOf(dtype);
  const b = bytes.byteOffset % size === 0 ? bytes : copyOf(bytes);
  return new arrayTypes[dtype](b.buffer, b.byteOffset, Math.floor(b.byteLength / size));
}

/** All elements as float64; exact except for 64-bit integers beyond 2^53. */
export function decode(dtype: Dtype, bytes: Uint8Array): Float64Array {
  const view = typedView(dtype, bytes);
  if (view instanceof BigInt64Array || view instanceof BigUint64Array)
    return Float64Array.from(view as Iterable<bigint>, Number);
  if (isNarrowFloat(dtype)) return Float64Array.from(view as Uint16Array | Uint8Array, x => floatFromBits(dtype, x));
  return new Float64Array(view as Exclude<TensorArray, BigInt64Array | BigUint64Array>);
}

/**
 * The content of a small tensor. 64-bit integers that float64 can't hold are unknown, except the ends of the range: files use
 * them for "to the end" (−2^63 + 1 when stepping backwards), and ±2^63 orders them rightly.
 */
export function knownOf(dtype: Dtype, dims: readonly number[], bytes: Uint8Array): KnownValue {
  if (isFloat(dtype)) return { dims, data: listOf(decode(dtype, bytes)) };
  const view = typedView(dtype, bytes);
  return { dims, data: Array.from(view as ArrayLike<number | bigint>, x => integer(x, dtype)) };
}
/** by index: spreading a typed array makes an object for each element */
function listOf(numbers: Float64Array): number[] {
  const out: number[] = [];
  for (let i = 0; i < numbers.length; i++) out.push(numbers[i]!);
  return out;
}
const ends: ReadonlySet<number | bigint> = new Set([2n ** 63n - 1n, -(2n ** 63n) + 1n, -(2n ** 63n)]);
function integer(x: number | bigint, dtype: Dtype): Poly | undefined {
  const n = Number(x);
  return !is64BitInteger(dtype) || Number.isSafeInteger(n) || ends.has(x) ? Poly.int(n) : undefined;
}

/** An element of a known value as a number, where it is one. */
export const numberOf = (x: Poly | number | undefined): number | undefined =>
  typeof x === "number" ? x : x?.isConst ? x.constant : undefined;

/** All elements as numbers, if they are. */
export function numbersOf(known: KnownValue | undefined): number[] | undefined {
  if (!known) return undefined;
  const out: number[] = [];
  for (let i = 0; i < known.data.length; i++) {
    const x = numberOf(known.data[i]);
    if (x === undefined) return undefined;
    out.push(x);
  }
  return out;
}

/** dims as numbers, if they are all constant */
export function constantDims(dims: Dims | undefined): number[] | undefined {
  if (!dims) return undefined;
  const out: number[] = [];
  for (let i = 0; i < dims.length; i++) {
    if (!dims[i]!.isConst) return undefined;
    out.push(dims[i]!.constant);
  }
  return out;
}

/** How many elements a tensor of these dims has. */
export const countOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** All elements of a constant as float64; exact except for 64-bit integers beyond 2^53. */
export const decodedConstant = async (v: Value): Promise<Float64Array> => decode(v.dtype!, await v.constant!.read());

/** A new constant value of known content. */
export function constantValue(
  name: string,
  dtype: Dtype,
  dims: readonly number[],
  data: readonly (number | bigint)[],
): Value {
  const bytes = encode(
    dtype,
    data,
    dims.reduce((a, b) => a * b, 1),
  );
  const value: Value = { name, dtype, dims: dims.map(Poly.int), constant: bytesData(bytes) };
  return data.length > knownLimit ? value : { ...value, known: knownOf(dtype, dims, bytes) };
}
