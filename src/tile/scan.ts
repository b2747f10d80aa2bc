// Scans and reductions by any function: folds over the steps of an axis, written as one word.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes, integerRange, isFloat } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { atIndex } from "../ir/substitute.js";
import type { Axis, ReduceOp, WordProduct } from "../ir/tile.js";
import { fold } from "./fold.js";
import type { AnyTile, Index, Tile } from "./tile.js";
import { full, indexOf, indexTile, tileOf, where } from "./tile.js";
import { isPoint, kernelError } from "./trace.js";
import type { AccumulatorOf, Literal } from "./types.js";

/** how two values become one: what has been joined so far, and the next */
export type Join<D extends Dtype> = (so: Tile<string, D>, next: Tile<string, D>) => AnyTile;

/** Which elements a scan joins at each place. */
export interface ScanOptions {
  /** without the element itself: the first is the start */
  readonly exclusive?: boolean;
  /** from the last index to the first */
  readonly reverse?: boolean;
}
/** A scan by a function says what it starts with. */
export interface StartedScan extends ScanOptions {
  readonly start: Literal;
}

/** reductions of one value, which join what is there with the next */
type JoinOp = Exclude<ReduceOp, WordProduct>;
const joins: Record<JoinOp, (a: AnyTile, b: AnyTile) => AnyTile> = {
  sum: (a, b) => a.add(b),
  prod: (a, b) => a.mul(b),
  max: (a, b) => a.maximum(b),
  min: (a, b) => a.minimum(b),
};
function startOf(op: JoinOp, dtype: Dtype): Literal {
  if (op === "sum") return 0;
  if (op === "prod") return 1;
  if (isFloat(dtype)) return op === "max" ? -Infinity : Infinity;
  return integerRange(dtype)[op === "max" ? 0 : 1]!;
}

/**
 * All elements up to each along an axis, joined one after the other: in a fixed order, so that floats are the same in every run. Sums and
 * products accumulate as `.sum` and `.prod` do.
 */
export function scan<A extends string, D extends Dtype, R extends A>(
  x: Tile<A, D>,
  over: Index<R>,
  op: "sum" | "prod",
  options?: ScanOptions,
): Tile<A, AccumulatorOf<D>>;
export function scan<A extends string, D extends Dtype, R extends A>(
  x: Tile<A, D>,
  over: Index<R>,
  op: "max" | "min",
  options?: ScanOptions,
): Tile<A, D>;
export function scan<A extends string, D extends Dtype, R extends A>(
  x: Tile<A, D>,
  over: Index<R>,
  join: Join<D>,
  options: StartedScan,
): Tile<A, D>;
export function scan(
  x: AnyTile,
  over: Index,
  how: JoinOp | Join<Dtype>,
  options: ScanOptions & { readonly start?: Literal } = {},
): AnyTile {
  if (typeof how !== "function" && !Object.hasOwn(joins, how))
    throw kernelError(
      `scan joins by "${how}"; use one of ${Object.keys(joins).join(", ")}, or a function of two tiles`,
    );
  const widens = how === "sum" || how === "prod";
  const element = widens ? x.cast(dtypes[x.dtype as Dtype].accumulator) : x;
  const dtype = element.dtype as Dtype;
  const start = typeof how === "string" ? startOf(how, dtype) : options.start!;
  const join = typeof how === "string" ? joins[how] : how;
  const all = restOf(element, over, "scan");
  const state = [full(dtype, start, ...all) as AnyTile, full(dtype, start, ...all, over) as AnyTile] as const;
  const { axis } = over;
  const [, scanned] = fold(stepsOf(axis), state, (step, [so, out]) => {
    const at = options.reverse ? axis.extent.sub(1).sub(Poly.sym(step.axis.sym)) : Poly.sym(step.axis.sym);
    const next = join(so as never, tileOf(atIndex(element.node, axis, at)));
    return [next, where(over.eq(indexTile(at)), options.exclusive ? so : next, out)];
  });
  return scanned;
}

/** All elements along an axis joined by a function, in the order of the axis. */
export function reduce<A extends string, D extends Dtype, R extends A>(
  x: Tile<A, D>,
  join: Join<D>,
  start: Literal,
  over: Index<R>,
): Tile<Exclude<A, R>, D> {
  if (typeof join !== "function") throw kernelError(`reduce joins by "${join}"; hand it a function of two tiles`);
  const first = full(x.dtype as Dtype, start, ...restOf(x, over, "reduce")) as AnyTile;
  const [joined] = fold(stepsOf(over.axis), [first] as const, (step, [so]) => [
    join(so as never, tileOf(atIndex(x.node, over.axis, Poly.sym(step.axis.sym)))),
  ]);
  return joined as never;
}

const stepsOf = (axis: Axis) => ({ axis: `${axis.name}_step`, extent: axis.extent, steps: true });
/** the other axes of the tile; axes of steps around are points, which states do not have */
function restOf(x: AnyTile, over: Index, word: string) {
  if (!x.node.axes.includes(over.axis))
    throw kernelError(
      `${word} goes along "${over.axis.name}", which the tile does not have; hand it an index of the tile`,
    );
  return x.node.axes.filter(a => a !== over.axis && !isPoint(a)).map(indexOf);
}
