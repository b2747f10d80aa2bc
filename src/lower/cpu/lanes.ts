// Loops along the axis that lies in vector lanes, and loops over rows in pieces.
import type { Sym } from "../../ir/poly.js";
import { Poly } from "../../ir/poly.js";
import type { Axis } from "../../ir/tile.js";
import type { Expr, Reg } from "./loop.js";
import { add, int, read, sub } from "./loop.js";
import type { Lowering } from "./state.js";

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** number of elements of the axis's range, where it is known */
export function constantSize(l: Lowering, a: Axis): number | undefined {
  const { lo, hi } = l.range(a);
  const size = hi.sub(lo);
  return size.isConst ? Math.max(0, size.constant) : undefined;
}

export interface LaneLoop {
  /** vectors a turn, largest first */
  readonly vectors: readonly number[];
  /**
   * mask: the last turn runs over the end, stores look at the count; part: whole turns, then one vector that runs over the end, for which the body
   * looks at the count; peel: the rest is done by scalars
   */
  readonly tail: "mask" | "part" | "peel";
}

/** Runs `body` with the axis in lanes, and for the rest of a peeled loop with lanes off. */
export function laneLoop(l: Lowering, a: Axis, how: LaneLoop, body: (vectors: number) => void): void {
  const { lo, hi } = l.range(a);
  const was = { lane: l.lane, tail: l.tail, vector: l.vector };
  const counter = l.b.set(l.b.int(lo), a.name);
  const limit = l.b.int(hi);
  const lanes = (s: number, sym: Sym) => {
    l.lane = a;
    l.bind(a, Poly.sym(sym), s / l.lanes, l.lanes);
    body(s / l.lanes);
  };
  if (how.tail === "mask") masked(l, a, how.vectors[0]! * l.lanes, counter, limit, lanes);
  else {
    let align = l.b.alignment(lo);
    let left = constantSize(l, a);
    for (const s of new Set(how.vectors.map(v => v * l.lanes))) {
      align = gcd(align, s);
      if (left !== undefined && left < s) continue;
      if (left !== undefined) left %= s;
      l.tail = undefined;
      l.b.loop(counter, limit, s, sym => lanes(s, sym), { align });
    }
    if (how.tail === "part") {
      if (left !== 0) partly(l, counter, limit, sym => lanes(l.lanes, sym));
      Object.assign(l, was);
      return;
    }
    l.lane = undefined;
    l.tail = undefined;
    l.vector = false;
    if (left !== 0)
      l.b.loop(counter, limit, 1, sym => {
        l.bind(a, Poly.sym(sym));
        body(0);
      });
  }
  Object.assign(l, was);
}
/** Fewer elements than a vector has lanes are left, or none. */
function partly(l: Lowering, counter: Reg, limit: Expr, body: (sym: Sym) => void): void {
  l.b.loop(counter, add(limit, int(l.lanes - 1)), l.lanes, sym => {
    l.tail = { count: read(l.b.set(sub(limit, read(counter)), "count")), step: l.lanes, isPart: true };
    body(sym);
  });
}
function masked(
  l: Lowering,
  a: Axis,
  step: number,
  counter: Reg,
  limit: Expr,
  body: (s: number, sym: Sym) => void,
): void {
  const align = gcd(l.b.alignment(l.range(a).lo), step);
  const whole = (constantSize(l, a) ?? 1) % step === 0;
  const end = whole ? limit : add(limit, int(step - 1));
  l.b.loop(
    counter,
    end,
    step,
    sym => {
      l.tail = whole ? undefined : { count: read(l.b.set(sub(limit, read(counter)), "count")), step };
      body(step, sym);
    },
    { align },
  );
}

/** A scalar loop in pieces: as many steps of 6 as fit, then of 4, … An axis of one element has no loop. */
export function rowLoop(
  l: Lowering,
  a: Axis,
  pieces: readonly number[],
  body: (counter: Sym | undefined) => void,
): void {
  const { lo, hi } = l.range(a);
  if (constantSize(l, a) === 1) {
    l.bind(a, lo);
    body(undefined);
    return;
  }
  const counter = l.b.set(l.b.int(lo), a.name);
  const limit = l.b.int(hi);
  let align = l.b.alignment(lo);
  const used = usedPieces(l, a, pieces);
  used.forEach((s, i) => {
    align = gcd(align, s);
    const piece = () =>
      l.b.loop(
        counter,
        limit,
        s,
        sym => {
          l.bind(a, Poly.sym(sym), s, 1);
          body(sym);
        },
        { align },
      );
    if (i < used.length - 1) unsettled(l, piece);
    else piece();
  });
}

/** The pieces that some size needs; single steps behind them unless all sizes are known to come out even. */
function usedPieces(l: Lowering, a: Axis, pieces: readonly number[]): number[] {
  const constant = constantSize(l, a);
  const sizes = constant === undefined ? l.range(a).sizes : [constant];
  if (!sizes) return pieces.at(-1) === 1 ? [...pieces] : [...pieces, 1];
  let left = [...sizes];
  const used = pieces.filter(s => {
    const fits = left.some(n => n >= s);
    left = left.map(n => n % s);
    return fits;
  });
  return left.some(n => n > 0) ? [...used, 1] : used;
}

/** The next piece computes placed values again for its own rows: what this one has finished is forgotten. */
export function unsettled(l: Lowering, piece: () => void): void {
  const ready = [...l.buffers].map(([n, b]) => [n, b.ready] as const);
  const pending = new Map(l.pending);
  piece();
  for (const [n, was] of ready) l.buffers.get(n)!.ready = was;
  for (const [n, s] of pending) l.pending.set(n, s);
}
