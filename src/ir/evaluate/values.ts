// Values of tiles while a kernel is evaluated: flat arrays over axes, and loops over them.
import type { Dtype } from "../dtypes.js";
import { is64BitInteger } from "../dtypes.js";
import type { Axis } from "../tile.js";
import type { Scalar, ScalarFunction } from "./scalar.js";

/** i64 and u64 in arrays of bigint, all other dtypes in float64, which holds them exactly */
export type Data = Float64Array | BigInt64Array | BigUint64Array;

/** Row-major over `axes`, which are at most those of the node: a value that does not vary over an axis does not store it. */
export interface Value {
  readonly axes: readonly Axis[];
  readonly lengths: readonly number[];
  readonly data: Data;
}

export const product = (xs: readonly number[]): number => xs.reduce((p, x) => p * x, 1);

export function newData(dtype: Dtype, length: number): Data {
  if (!is64BitInteger(dtype)) return new Float64Array(length);
  return dtype === "i64" ? new BigInt64Array(length) : new BigUint64Array(length);
}
export function scalarValue(dtype: Dtype, x: Scalar): Value {
  const data = newData(dtype, 1);
  (data as unknown as Scalar[])[0] = x;
  return { axes: [], lengths: [], data };
}

/** elements between neighbours along each of `axes`; 0 along those that the value does not vary over */
export function stridesAlong(v: Value, axes: readonly Axis[]): number[] {
  const strides = axes.map(() => 0);
  let step = 1;
  for (let d = v.axes.length - 1; d >= 0; d--) {
    const at = axes.indexOf(v.axes[d]!);
    if (at >= 0) strides[at] = step;
    step *= v.lengths[d]!;
  }
  return strides;
}

/** Merges neighbouring loops that all operands walk without a gap, so that inner loops are long. */
function coalesce(
  lengths: readonly number[],
  strides: readonly (readonly number[])[],
): { lengths: number[]; strides: number[][] } {
  const outLengths: number[] = [];
  const out: number[][] = strides.map(() => []);
  for (let d = lengths.length - 1; d >= 0; d--) {
    const n = lengths[d]!;
    if (n === 1) continue;
    const last = outLengths.length - 1;
    if (last >= 0 && strides.every((s, k) => s[d] === out[k]![last]! * outLengths[last]!)) outLengths[last]! *= n;
    else {
      outLengths.push(n);
      strides.forEach((s, k) => out[k]!.push(s[d]!));
    }
  }
  return { lengths: outLengths.reverse(), strides: out.map(s => s.reverse()) };
}

/**
 * Walks a box in row-major order: `row(offsets, n, steps)` is called for each run along the innermost loop, with the offset of each
 * operand at its start. Boxes without elements are not walked.
 */
export function walk(
  lengths: readonly number[],
  strides: readonly (readonly number[])[],
  row: (offsets: readonly number[], n: number, steps: readonly number[]) => void,
): void {
  if (lengths.includes(0)) return;
  const box = coalesce(lengths, strides);
  const depth = box.lengths.length - 1;
  const n = depth < 0 ? 1 : box.lengths[depth]!;
  const steps = box.strides.map(s => (depth < 0 ? 0 : s[depth]!));
  const offsets = strides.map(() => 0);
  const go = (d: number): void => {
    if (d >= depth) {
      row(offsets, n, steps);
      return;
    }
    const count = box.lengths[d]!;
    for (let i = 0; i < count; i++) {
      go(d + 1);
      for (let k = 0; k < offsets.length; k++) offsets[k]! += box.strides[k]![d]!;
    }
    for (let k = 0; k < offsets.length; k++) offsets[k]! -= count * box.strides[k]![d]!;
  };
  go(0);
}

/** Applies a scalar function elementwise; axes of the result are those that any operand varies over. */
export function zip(f: ScalarFunction, dtype: Dtype, ...args: readonly Value[]): Value {
  const { axes, lengths } = unionShape(args);
  const data = newData(dtype, product(lengths));
  const out = { axes, lengths, data };
  const strides = [out, ...args].map(v => stridesAlong(v, axes));
  // bigint arrays are handled by the same loops: which of both they hold follows from the dtypes
  const o = data as Float64Array;
  const [a, b, c] = args.map(v => v.data as Float64Array);
  // rows may be short, so offsets are taken by index: destructuring arrays costs more than a short row
  if (args.length === 1)
    walk(lengths, strides, (at, n, steps) => {
      let po = at[0]!;
      let pa = at[1]!;
      for (let i = 0; i < n; i++, po += steps[0]!, pa += steps[1]!) o[po] = f(a![pa]);
    });
  else if (args.length === 2)
    walk(lengths, strides, (at, n, steps) => {
      let po = at[0]!;
      let pa = at[1]!;
      let pb = at[2]!;
      for (let i = 0; i < n; i++, po += steps[0]!, pa += steps[1]!, pb += steps[2]!) o[po] = f(a![pa], b![pb]);
    });
  else
    walk(lengths, strides, (at, n, steps) => {
      for (let i = 0; i < n; i++)
        o[at[0]! + i * steps[0]!] = f(
          a![at[1]! + i * steps[1]!],
          b![at[2]! + i * steps[2]!],
          c![at[3]! + i * steps[3]!],
        );
    });
  return out;
}

/** The same value with the axis innermost, so that rows along it lie together. */
export function withInnermost(v: Value, axis: Axis): Value {
  if (!v.axes.includes(axis) || v.axes.at(-1) === axis) return v;
  const axes = [...v.axes.filter(a => a !== axis), axis];
  const lengths = axes.map(a => v.lengths[v.axes.indexOf(a)]!);
  const data = v.data.slice();
  const [from, to] = [v.data as Float64Array, data as Float64Array];
  walk(lengths, [stridesAlong({ axes, lengths, data }, axes), stridesAlong(v, axes)], (at, n, steps) => {
    for (let i = 0; i < n; i++) to[at[0]! + i * steps[0]!] = from[at[1]! + i * steps[1]!]!;
  });
  return { axes, lengths, data };
}

export function unionShape(args: readonly Value[]): { axes: Axis[]; lengths: number[] } {
  const axes: Axis[] = [];
  const lengths: number[] = [];
  for (const v of args)
    v.axes.forEach((axis, d) => {
      if (axes.includes(axis)) return;
      axes.push(axis);
      lengths.push(v.lengths[d]!);
    });
  return { axes, lengths };
}
