// Reductions: one argument, or the products of two (dot), over some axes.
import type { Dtype } from "../dtypes.js";
import { is64BitInteger, isFloat } from "../dtypes.js";
import type { NodeOf } from "../tile.js";
import type { Evaluator } from "./evaluator.js";
import type { Scalar, ScalarFunction } from "./scalar.js";
import { mapFunction, reduceFunction } from "./scalar.js";
import type { Value } from "./values.js";
import { newData, product, stridesAlong, unionShape, walk, zip } from "./values.js";

export function reduceValues(e: Evaluator, n: NodeOf<"reduce">): Value {
  const args = n.args.map(a => converted(e, e.evaluate(a), a.dtype, n.dtype));
  const shape = unionShape(args);
  const over = shape.axes.map(a => n.over.includes(a));
  const kept = shape.axes.filter((_, d) => !over[d]);
  const keptLengths = shape.lengths.filter((_, d) => !over[d]);
  const reduced = shape.axes.filter((_, d) => over[d]);
  const reducedLengths = shape.lengths.filter((_, d) => over[d]);
  // Loops: first the kept axes, then the reduced ones, but a kept axis that is longer than the last of them goes innermost.
  const inner = (keptLengths.at(-1) ?? 0) > (reducedLengths.at(-1) ?? 0) ? 1 : 0;
  const outer = kept.length - inner;
  const axes = [...kept.slice(0, outer), ...reduced, ...kept.slice(outer)];
  const lengths = [...keptLengths.slice(0, outer), ...reducedLengths, ...keptLengths.slice(outer)];
  const { combine, identity } = reduceFunction(n.op, n.dtype, e.mode);
  const data = newData(n.dtype, product(keptLengths));
  (data as Float64Array).fill(identity as number);
  const out: Value = { axes: kept, lengths: keptLengths, data };
  const strides = [out, ...args].map(v => stridesAlong(v, axes));
  if (args.length === 1)
    accumulate(lengths, strides, data as Float64Array, args[0]!.data as Float64Array, combine, isPlainSum(e, n));
  else {
    const times = mapFunction("mul", n.dtype, n.dtype, e.mode);
    accumulateProducts(lengths, strides, data as Float64Array, args, combine, times, isPlainSum(e, n));
  }
  return repeated(e, n, out, shape.axes);
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
  walk(lengths, strides, ([po, px], n, [so, sx]) => {
    if (so === 0) {
      let acc = out[po!]!;
      if (plain) for (let i = 0; i < n; i++) acc += x[px! + i * sx!]!;
      else for (let i = 0; i < n; i++) acc = combine(acc, x[px! + i * sx!]);
      out[po!] = acc;
    } else if (plain) for (let i = 0; i < n; i++) out[po! + i * so!]! += x[px! + i * sx!]!;
    else for (let i = 0; i < n; i++) out[po! + i * so!] = combine(out[po! + i * so!], x[px! + i * sx!]);
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
  walk(lengths, strides, ([po, pa, pb], n, [so, sa, sb]) => {
    if (so === 0 && plain) {
      let acc = out[po!]!;
      for (let i = 0; i < n; i++) acc += a[pa! + i * sa!]! * b[pb! + i * sb!]!;
      out[po!] = acc;
    } else if (plain) for (let i = 0; i < n; i++) out[po! + i * so!]! += a[pa! + i * sa!]! * b[pb! + i * sb!]!;
    else
      for (let i = 0; i < n; i++)
        out[po! + i * so!] = combine(out[po! + i * so!], times(a[pa! + i * sa!], b[pb! + i * sb!]));
  });
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
