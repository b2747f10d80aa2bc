// Proofs about indices: what range a polynomial over axes can reach, and whether that is inside a tensor. A proof that fails
// costs a check at run time and nothing else.
import type { Sym } from "./poly.js";
import { opaque, Poly } from "./poly.js";
import { axisOf } from "./tile.js";

type Side = "low" | "high";

/** A bound of p over all values of its axes, free of axes; undefined when there is no simple one. */
export function boundOf(p: Poly, side: Side): Poly | undefined {
  let out = p;
  // each turn removes one symbol that varies; definitions nest a few levels at most
  for (let turn = 0; turn < 32; turn++) {
    const s = out.terms.flatMap(t => t.s).find(varies);
    if (!s) return out;
    const { coefficient, rest } = out.factor(s);
    if (coefficient.has(s)) return undefined;
    const bound = productBound(coefficient, s, side);
    if (!bound) return undefined;
    out = rest.add(bound);
  }
  return undefined;
}
const opposite = (s: Side): Side => (s === "low" ? "high" : "low");

/** A bound of coefficient · s. Where sizes decide which end of s that is at, it is the outer one of both. */
function productBound(coefficient: Poly, s: Sym, side: Side): Poly | undefined {
  const sign = signOf(coefficient);
  if (sign) {
    const bound = symBound(s, sign > 0 ? side : opposite(side));
    return bound && coefficient.mul(bound);
  }
  const [low, high] = [symBound(s, "low"), symBound(s, "high")];
  // an axis without indices has its end before its start
  const ends = low && high && [low, opaque("max", low, high)].map(end => coefficient.mul(end));
  return ends && opaque(side === "low" ? "min" : "max", ends[0]!, ends[1]!);
}

/** does the symbol stand for more than one value within a call of the kernel? */
function varies(s: Sym): boolean {
  if (axisOf(s)) return true;
  if (!s.def) return false;
  if (s.def.op === "value") return true;
  return [...s.def.a.syms].some(varies) || [...s.def.b.syms].some(varies);
}

function symBound(s: Sym, side: Side): Poly | undefined {
  const axis = axisOf(s);
  if (axis) return side === "low" ? Poly.zero : axis.extent.sub(1);
  if (!s.def || s.def.op === "value") return undefined;
  const { op, a, b } = s.def;
  if (op === "mod") return side === "low" ? Poly.zero : b.sub(1);
  const x = boundOf(a, side);
  if (op === "div") return x && opaque("div", x, b);
  const y = boundOf(b, side);
  if (x && y) return opaque(op, x, y);
  // the smaller of two is at most either
  return (op === "min") === (side === "high") ? (x ?? y) : undefined;
}

/** 1: never negative, -1: never positive, 0: unknown. Dims are never negative. */
function signOf(p: Poly): -1 | 0 | 1 {
  if (!p.terms.every(t => t.s.every(isNonNegativeSym))) return 0;
  if (p.terms.every(t => t.c > 0)) return 1;
  return p.terms.every(t => t.c < 0) ? -1 : 0;
}
/** Dims are not negative, nor is a remainder; of the others it hangs on what they are made of. */
function isNonNegativeSym(s: Sym): boolean {
  if (!s.def || s.def.op === "mod") return true;
  if (s.def.op === "value") return false;
  const { op, a, b } = s.def;
  if (op === "max") return isNonNegative(a) || isNonNegative(b);
  return isNonNegative(a) && isNonNegative(b);
}

/** p ≥ 0 for all sizes of the dims? p has no axes. */
export function isNonNegative(p: Poly): boolean {
  if (p.terms.every(t => t.c >= 0 && t.s.every(isNonNegativeSym))) return true;
  // -c·b·(a div b) ≥ -c·a: the end of a strided window
  for (const t of p.terms) {
    if (t.c >= 0 || t.s.length !== 1) continue;
    const def = t.s[0]!.def;
    if (def?.op !== "div" || !def.b.isConst || t.c % def.b.constant !== 0) continue;
    return isNonNegative(p.sub(Poly.sym(t.s[0]!).mul(t.c)).add(def.a.mul(t.c / def.b.constant)));
  }
  return false;
}

/** Is 0 ≤ index < size for all values of the axes? */
export function isInside(index: Poly, size: Poly): boolean {
  const low = boundOf(index, "low");
  if (!low || !isNonNegative(low)) return false;
  const high = boundOf(index, "high");
  return high !== undefined && isNonNegative(size.sub(1).sub(high));
}
