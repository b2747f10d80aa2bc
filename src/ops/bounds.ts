// Bounds of polynomials over dims, which are never negative, and the min and max that they decide.
import type { PolyLike, Sym } from "../ir/poly.js";
import { opaque, Poly } from "../ir/poly.js";

export interface Bounds {
  readonly low: number;
  readonly high: number;
}

const between = (low: number, high: number): Bounds => ({ low, high });
const anything = between(-Infinity, Infinity);
/** 0 · ∞ is 0 here: a factor that is nothing makes the product nothing */
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);

function productBounds(a: Bounds, b: Bounds): Bounds {
  const corners = [times(a.low, b.low), times(a.low, b.high), times(a.high, b.low), times(a.high, b.high)];
  return between(Math.min(...corners), Math.max(...corners));
}

function symBounds(s: Sym): Bounds {
  if (!s.def) return between(0, Infinity);
  if (s.def.op === "value") return anything;
  const a = boundsOf(s.def.a);
  const b = boundsOf(s.def.b);
  switch (s.def.op) {
    case "min":
      return between(Math.min(a.low, b.low), Math.min(a.high, b.high));
    case "max":
      return between(Math.max(a.low, b.low), Math.max(a.high, b.high));
    case "mod":
      return b.low > 0 ? between(0, b.high - 1) : anything;
    case "div": {
      if (b.low === b.high && b.low > 0) return between(Math.floor(a.low / b.low), Math.floor(a.high / b.low));
      return a.low >= 0 && b.low >= 0 ? between(0, a.high) : anything;
    }
  }
}

/** Holds for all dims ≥ 0; terms are taken one by one, so it may be wider than the truth. */
export function boundsOf(p: Poly): Bounds {
  let low = 0;
  let high = 0;
  for (const t of p.terms) {
    let product = between(t.c, t.c);
    for (const s of t.s) product = productBounds(product, symBounds(s));
    low += product.low;
    high += product.high;
  }
  return between(low, high);
}

export function smaller(a: PolyLike, b: PolyLike): Poly {
  const [x, y] = [Poly.of(a), Poly.of(b)];
  const difference = boundsOf(x.sub(y));
  return difference.high <= 0 ? x : difference.low >= 0 ? y : opaque("min", x, y);
}

export function larger(a: PolyLike, b: PolyLike): Poly {
  const [x, y] = [Poly.of(a), Poly.of(b)];
  const difference = boundsOf(x.sub(y));
  return difference.low >= 0 ? x : difference.high <= 0 ? y : opaque("max", x, y);
}
