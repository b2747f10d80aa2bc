// What bodies on the host are written with: tensors of numbers or text, moved block by block. Not for kernels.
import type { AnyTensor } from "../runtime/host-value.js";
import type { TensorArray } from "../runtime/tensor.js";

type Data = TensorArray | readonly string[];

export const countOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** An array of the same kind. */
function arrayLike(data: Data, length: number): Data {
  if (Array.isArray(data)) return new Array<string>(length);
  return new (data.constructor as new (length: number) => TensorArray)(length);
}
function copyRun(from: Data, start: number, length: number, into: Data, at: number): void {
  if (!Array.isArray(from)) (into as Float64Array).set((from as Float64Array).subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) (into as string[])[at + i] = from[start + i]!;
}

const tensorLike = (t: AnyTensor, dims: readonly number[], data: Data): AnyTensor =>
  ({ dtype: t.dtype, dims, data }) as AnyTensor;

/** The same elements under other dims. */
export const reshaped = (t: AnyTensor, dims: readonly number[]): AnyTensor => tensorLike(t, dims, t.data);

/** Positions `start` to `end` of an axis. */
export function slice(t: AnyTensor, axis: number, start: number, end: number): AnyTensor {
  const inner = countOf(t.dims.slice(axis + 1));
  const outer = countOf(t.dims.slice(0, axis));
  const size = t.dims[axis]!;
  const run = (end - start) * inner;
  const data = arrayLike(t.data, outer * run);
  for (let o = 0; o < outer; o++) copyRun(t.data, (o * size + start) * inner, run, data, o * run);
  return tensorLike(t, [...t.dims.slice(0, axis), end - start, ...t.dims.slice(axis + 1)], data);
}

/** Tensors one after the other along an axis; there must be one, and all other dims must agree. */
export function concatenate(tensors: readonly AnyTensor[], axis: number): AnyTensor {
  const first = tensors[0]!;
  const size = tensors.reduce((sum, t) => sum + t.dims[axis]!, 0);
  const inner = countOf(first.dims.slice(axis + 1));
  const outer = countOf(first.dims.slice(0, axis));
  const data = arrayLike(first.data, outer * size * inner);
  let at = 0;
  for (const t of tensors) {
    const run = t.dims[axis]! * inner;
    for (let o = 0; o < outer; o++) copyRun(t.data, o * run, run, data, o * size * inner + at);
    at += run;
  }
  return tensorLike(first, [...first.dims.slice(0, axis), size, ...first.dims.slice(axis + 1)], data);
}

/** Tensors of equal dims along a new axis. */
export const stack = (tensors: readonly AnyTensor[], axis: number): AnyTensor =>
  concatenate(
    tensors.map(t => reshaped(t, [...t.dims.slice(0, axis), 1, ...t.dims.slice(axis)])),
    axis,
  );

/** Elements at these positions of the row-major data, under other dims. */
export function gather(t: AnyTensor, positions: readonly number[], dims: readonly number[]): AnyTensor {
  const data = arrayLike(t.data, positions.length) as (number | string)[];
  positions.forEach((p, i) => {
    data[i] = t.data[p] as number | string;
  });
  return tensorLike(t, dims, data as unknown as Data);
}

/** Integers, booleans and floats of 32 and 64 bits as numbers. */
export const numbers = (t: AnyTensor): number[] => Array.from(t.data as ArrayLike<number | bigint>, Number);

export const int64 = (values: readonly number[], dims: readonly number[]): AnyTensor => ({
  dtype: "i64",
  dims,
  data: BigInt64Array.from(values, BigInt),
});
export const float32 = (values: readonly number[], dims: readonly number[]): AnyTensor => ({
  dtype: "f32",
  dims,
  data: Float32Array.from(values),
});
export const bool = (values: readonly boolean[], dims: readonly number[]): AnyTensor => ({
  dtype: "bool",
  dims,
  data: Uint8Array.from(values, Number),
});
export const text = (data: readonly string[], dims: readonly number[]): AnyTensor => ({ dtype: "string", dims, data });
