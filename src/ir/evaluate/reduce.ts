// Reductions: one argument, or the products of two (dot), over some axes.
import type { Dtype } from "../dtypes.js";
import { is64BitInteger, isFloat } from "../dtypes.js";
import type { Axis, NodeOf } from "../tile.js";
import type { Evaluator } from "./evaluator.js";
import type { Scalar, ScalarFunction } from "./scalar.js";
import { mapFunction, productFunction, reduceFunction } from "./scalar.js";
import type { Value } from "./values.js";
import { newData, product, stridesAlong, unionShape, walk, withInnermost, zip } from "./values.js";

export function reduceValues(e: Evaluator, n: NodeOf<"reduce">): Value {
  const given = n.args.map(a => converted(e, e.evaluate(a), a.dtype, n.dtype));
  const shape = unionShape(given);
  const { kept, reduced, inner } = loopOrder(shape.axes, shape.lengths, n.over);
  const lengthOf = (a: Axis): number => shape.lengths[shape.axes.indexOf(a)]!;
  const axes = [...[...kept, ...reduced].filter(a => a !== inner), ...(inner ? [inner] : [])];
  const lengths = axes.map(lengthOf);
  const work = product(lengths);
  // rows that are walked often are worth laying out for it
  const args = given.map(v => (inner && work >= 4 * v.data.length ? withInnermost(v, inner) : v));
  const keptLengths = kept.map(lengthOf);
  const { combine, identity } = reduceFunction(n.op, n.dtype, e.mode);
  const data = newData(n.dtype, product(keptLengths));
  (data as Float64Array).fill(identity as number);
  const out: Value = { axes: kept, lengths: keptLengths, data };
  const strides = [out, ...args].map(v => stridesAlong(v, axes));
  if (args.length === 1)
    accumulate(lengths, strides, data as Float64Array, args[0]!.data as Float64Array, combine, isPlainSum(e, n));
  else {
    const times = productFunction(
      n.op,
      n.dtype,
      n.args.map(a => a.dtype),
      e.mode,
    );
    accumulateProducts(lengths, strides, data as Float64Array, args, combine, times, isPlainSum(e, n));
  }
  return repeated(e, n, out, shape.axes);
}

/** Rows at least this long are walked along the last kept axis. */
const LONG_ROW = 8;
/** The kept axes, the reduced ones, and the one whose loop is innermost: the longest one where the last kept one is short. */
function loopOrder(axes: readonly Axis[], lengths: readonly number[], over: readonly Axis[]) {
  const kept = axes.filter(a => !over.includes(a));
  const reduced = axes.filter(a => over.includes(a));
  const lengthOf = (a: Axis): number => lengths[axes.indexOf(a)]!;
  const last = kept.at(-1);
  const longest = axes.reduce<Axis | undefined>((x, y) => (x && lengthOf(x) >= lengthOf(y) ? x : y), undefined);
  return { kept, reduced, inner: last && lengthOf(last) >= LONG_ROW ? last : longest };
}

const isPlainSum = (e: Evaluator, n: NodeOf<"reduce">): boolean =>
  n.op === "sum" && isFloat(n.dtype) && (!e.mode.stepwise || n.dtype === "f64");

/** arguments enter in the accumulator's dtype */
function converted(e: Evaluator, v: Value, from: Dtype, to: Dtype): Value {
  if (from === to || (isFloat(from) && isFloat(to))) return v;
  if (!is64BitInteger(from) && !is64BitInteger(to) && isFloat(from) === isFloat(to)) return v;
  return zip(mapFunction("cast", from, to, e.mode), to, v);
}

function accumulate(
  lengths: number[],
  strides: number[][],
  out: Float64Array,
  x: Float64Array,
  combine: ScalarFunction,
  plain: boolean,
): void {
  walk(lengths, strides, (at, n, steps) => {
    let po = at[0]!;
    let px = at[1]!;
    const so = steps[0]!;
    const sx = steps[1]!;
    if (plain && so === 0) {
      let acc = out[po]!;
      for (let i = 0; i < n; i++, px += sx) acc += x[px]!;
      out[po] = acc;
    } else if (plain) for (let i = 0; i < n; i++, po += so, px += sx) out[po]! += x[px]!;
    else for (let i = 0; i < n; i++, po += so, px += sx) out[po] = combine(out[po], x[px]);
  });
}
function accumulateProducts(
  lengths: number[],
  strides: number[][],
  out: Float64Array,
  args: readonly Value[],
  combine: ScalarFunction,
  times: ScalarFunction,
  plain: boolean,
): void {
  const a = args[0]!.data as Float64Array;
  const b = args[1]!.data as Float64Array;
  walk(lengths, strides, (at, n, steps) => {
    let po = at[0]!;
    let pa = at[1]!;
    let pb = at[2]!;
    const so = steps[0]!;
    const sa = steps[1]!;
    const sb = steps[2]!;
    if (plain && so === 0) {
      let acc = out[po]!;
      for (let i = 0; i < n; i++, pa += sa, pb += sb) acc += a[pa]! * b[pb]!;
      out[po] = acc;
    } else if (plain && so === 1 && sa === 0 && sb === 1) addScaled(out, po, a[pa]!, b, pb, n);
    else if (plain && so === 1 && sb === 0 && sa === 1) addScaled(out, po, b[pb]!, a, pa, n);
    else if (plain) for (let i = 0; i < n; i++, po += so, pa += sa, pb += sb) out[po]! += a[pa]! * b[pb]!;
    else for (let i = 0; i < n; i++, po += so, pa += sa, pb += sb) out[po] = combine(out[po], times(a[pa], b[pb]));
  });
}

/** out += scale · x along a row: the shape of most products, half the time of the general loop */
function addScaled(out: Float64Array, po: number, scale: number, x: Float64Array, px: number, n: number): void {
  for (let i = 0; i < n; i++) out[po + i]! += scale * x[px + i]!;
}

/** An axis that no argument varies over multiplies a sum by its extent, raises a product to it, and leaves extremes alone. */
function repeated(e: Evaluator, n: NodeOf<"reduce">, v: Value, present: readonly object[]): Value {
  const absent = n.over.filter(a => !present.includes(a));
  if (absent.length === 0) return v;
  const times = product(absent.map(a => e.span(a).length));
  const { combine, identity } = reduceFunction(n.op, n.dtype, e.mode);
  if (times === 0) return zip(() => identity, n.dtype, v);
  if (n.op === "max" || n.op === "min" || times === 1) return v;
  if (n.op === "prod") return zip((x: Scalar) => power(x, times, combine), n.dtype, v);
  const factor = is64BitInteger(n.dtype) ? BigInt(times) : times;
  const multiply = mapFunction("mul", n.dtype, n.dtype, e.mode);
  return zip((x: Scalar) => multiply(x, factor), n.dtype, v);
}
function power(x: Scalar, times: number, combine: ScalarFunction): Scalar {
  let out = x;
  for (let i = 1; i < times; i++) out = combine(out, x);
  return out;
}
