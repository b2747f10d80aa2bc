// Between which numbers the values of a node lie, as far as its own expression tells: what conversions may leave out. Of floats, NaN is apart: it may
// always be there.
import type { Dtype } from "../../ir/dtypes.js";
import { integerRange, isFloat } from "../../ir/dtypes.js";
import { roundTo } from "../../ir/float-bits.js";
import type { Node, NodeOf } from "../../ir/tile.js";

export interface Bounds {
  readonly low: number;
  readonly high: number;
}

const known = new WeakMap<Node, Bounds>();

export function boundsOf(n: Node): Bounds {
  let bounds = known.get(n);
  if (!bounds) {
    bounds = within(computed(n), rangeOf(n.dtype));
    known.set(n, bounds);
  }
  return bounds;
}

/** the one number that an integer is everywhere */
export function constantBound(n: Node): number | undefined {
  const { low, high } = boundsOf(n);
  return low === high && !isFloat(n.dtype) ? low : undefined;
}

const everything: Bounds = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
export function rangeOf(d: Dtype): Bounds {
  if (isFloat(d)) return everything;
  if (d === "bool") return { low: 0, high: 1 };
  const [low, high] = integerRange(d).map(Number) as [number, number];
  return { low, high };
}
export const isWithin = (a: Bounds, b: Bounds): boolean => a.low >= b.low && a.high <= b.high;
/** What leaves its range has wrapped: nothing is known then. */
const within = (a: Bounds, range: Bounds): Bounds => (isWithin(a, range) ? a : range);

function computed(n: Node): Bounds {
  if (n.kind === "full") {
    const value = roundTo(n.dtype, Number(n.value));
    return Number.isNaN(value) ? everything : { low: value, high: value };
  }
  return n.kind === "map" ? computedMap(n) : everything;
}

function computedMap(n: NodeOf<"map">): Bounds {
  const [a, b, c] = n.args as readonly [Node, Node, Node];
  switch (n.op) {
    case "cast":
      return converted(n.dtype, a);
    case "bitcast":
      // there and back: a float that is rounded to its dtype
      return a.kind === "map" && a.op === "bitcast" && a.args[0]!.dtype === n.dtype ? boundsOf(a.args[0]!) : everything;
    case "round":
      return { low: Math.floor(boundsOf(a).low), high: Math.ceil(boundsOf(a).high) };
    case "min":
    case "max": {
      const [x, y] = [boundsOf(a), boundsOf(b)];
      const pick = Math[n.op];
      return { low: pick(x.low, y.low), high: pick(x.high, y.high) };
    }
    case "add":
      return isFloat(n.dtype) ? everything : sum(boundsOf(a), boundsOf(b));
    case "sub": {
      const { low, high } = boundsOf(b);
      return isFloat(n.dtype) ? everything : sum(boundsOf(a), { low: -high, high: -low });
    }
    case "select": {
      const [x, y] = [boundsOf(b), boundsOf(c)];
      return { low: Math.min(x.low, y.low), high: Math.max(x.high, y.high) };
    }
    default:
      return everything;
  }
}
/** of numbers that are exact here */
const sum = (a: Bounds, b: Bounds): Bounds => {
  const [low, high] = [a.low + b.low, a.high + b.high];
  return Math.max(-low, high) <= 2 ** 53 ? { low, high } : everything;
};

/** Floats saturate as integers, and NaN is 0 then; of what becomes a float nothing is told. */
function converted(to: Dtype, from: Node): Bounds {
  const bounds = boundsOf(from);
  if (isFloat(to) || to === "bool") return everything;
  if (!isFloat(from.dtype)) return bounds;
  const range = rangeOf(to);
  return {
    low: Math.max(range.low, Math.min(Math.trunc(bounds.low), 0)),
    high: Math.min(range.high, Math.max(Math.trunc(bounds.high), 0)),
  };
}
