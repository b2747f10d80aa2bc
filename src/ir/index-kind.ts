// What an index may be: sums of multiples of axes, with div, mod, min and max, or values read from a tensor.
import type { Poly, Sym } from "./poly.js";
import { axisOf } from "./tile.js";

/** How an index moves: by multiples of axes; with div, mod, min, max of them; by values that are read. */
export type IndexKind = "affine" | "quasi-affine" | "gather";
const order: readonly IndexKind[] = ["affine", "quasi-affine", "gather"];

/** undefined: a product of axes, or a division by one, which no index may hold */
export function classify(p: Poly): IndexKind | undefined {
  let kind: IndexKind = "affine";
  for (const t of p.terms) {
    if (t.s.filter(varies).length > 1) return undefined;
    for (const s of t.s) {
      const k = kindOfSymbol(s);
      if (!k) return undefined;
      if (order.indexOf(k) > order.indexOf(kind)) kind = k;
    }
  }
  return kind;
}
function kindOfSymbol(s: Sym): IndexKind | undefined {
  const { def } = s;
  if (!def) return "affine";
  if (def.op === "value") return "gather";
  if ((def.op === "div" || def.op === "mod") && [...def.b.terms.flatMap(t => t.s)].some(varies)) return undefined;
  const [a, b] = [classify(def.a), classify(def.b)];
  if (!a || !b) return undefined;
  return a === "gather" || b === "gather" ? "gather" : "quasi-affine";
}
/** not the same in all of a call */
function varies(s: Sym): boolean {
  if (axisOf(s) || s.def?.op === "value") return true;
  return (
    s.def !== undefined &&
    [...s.def.a.syms, ...s.def.b.syms].some(x => axisOf(x) !== undefined || x.def?.op === "value")
  );
}
