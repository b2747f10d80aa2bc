// Tensors of references beside those that run() takes and gives, and whether two of them agree.
import { newArray } from "../ir/arrays.js";
import type { Dtype } from "../ir/dtypes.js";
import { is64BitInteger, isFloat } from "../ir/dtypes.js";
import { floatFromBits, floatToBits, isNarrowFloat } from "../ir/float-bits.js";
import type { ReferenceTensor, Tolerance } from "../ops/operator.js";
import type { Element } from "../ops/reference-tensors.js";
import { sizeOf } from "../ops/reference-tensors.js";
import type { TensorData } from "../runtime/tensor.js";

/** An array's element as the number that it stands for. */
export const fromBits = (dtype: Dtype, x: Element): Element =>
  isNarrowFloat(dtype) ? floatFromBits(dtype, Number(x)) : x;

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

/** |got − want| ≤ rtol·|want| + atol for floats; integers and bool must be equal. */
export interface Closeness {
  readonly rtol: number;
  readonly atol: number;
}
/** Distance of 1 to the next number; f64 is held to what f32 promises, because functions such as exp are. */
const epsilon: Partial<Record<Dtype, number>> = { f16: 2 ** -10, bf16: 2 ** -7 };

/**
 * |got − want| ≤ ε·(relative·|want| + absolute·scale), as the operator states it, where `want` is rounded to its dtype. A narrow float
 * may be rounded to the other neighbour, since it was computed in f32.
 */
export function closenessOf({ relative, absolute }: Tolerance, dtype: Dtype, scale: number): Closeness {
  const e = epsilon[dtype];
  if (e) return { rtol: Math.max(relative, 1) * e, atol: absolute * scale * e };
  return { rtol: relative * 2 ** -23, atol: absolute * scale * 2 ** -23 };
}

/** What is wrong with `got`, or nothing. */
export function difference(got: ReferenceTensor, want: ReferenceTensor, { rtol, atol }: Closeness): string | undefined {
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
