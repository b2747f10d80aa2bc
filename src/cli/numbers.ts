// Numbers of tensors for people and files: elements, summaries, quantiles, units. No input or output.
import type { Dtype } from "../ir/dtypes.js";
import { floatFromBits, floatToBits, isNarrowFloat } from "../ir/float-bits.js";
import type { TensorData } from "../runtime/tensor.js";

/** Element of a tensor as a number; 64-bit integers beyond 2^53 lose their last digits. */
export function numberAt({ dtype, data }: TensorData, index: number): number {
  const value = data[index]!;
  return isNarrowFloat(dtype) ? floatFromBits(dtype, Number(value)) : Number(value);
}

/** What a tensor of this dtype stores for a number: bits of small floats, BigInt for 64-bit integers. */
export function stored(dtype: Dtype, value: number): number | bigint {
  if (dtype === "i64" || dtype === "u64") return BigInt(Math.trunc(value));
  return isNarrowFloat(dtype) ? floatToBits(dtype, value) : value;
}

export interface Summary {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly nan: number;
}

/** Minimum, maximum and mean of the elements that are numbers; how many are not. */
export function summarize(tensor: TensorData): Summary {
  let [min, max, sum, nan] = [Infinity, -Infinity, 0, 0];
  for (let index = 0; index < tensor.data.length; index++) {
    const value = numberAt(tensor, index);
    if (Number.isNaN(value)) {
      nan++;
      continue;
    }
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { min, max, mean: sum / (tensor.data.length - nan), nan };
}

/** The value below which the given share of the sorted samples lies (nearest rank). */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/** 0.0123 ms, 1.23 ms, 123 ms, 1.23 s: three digits. */
export const milliseconds = (time: number): string =>
  time >= 1000 ? `${(time / 1000).toPrecision(3)} s` : `${digits(time, 3)} ms`;

/** 812 B, 1.2 KB, 34 MB. */
export function byteSize(bytes: number): string {
  const units = ["B", "KB", "MB", "GB"];
  const unit = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${unit === 0 ? bytes : digits(bytes / 1000 ** unit, 2)} ${units[unit]}`;
}

/** `1 kernel`, `2 kernels`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** At least so many significant digits, never an exponent for numbers of everyday size. */
export function digits(value: number, significant: number): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude < -5 || magnitude > 9) return value.toExponential(significant - 1);
  return value.toFixed(Math.max(0, significant - 1 - magnitude));
}
