// Vectors whose lanes lie between each other's in memory, as those of the groups of a shuffle of channels: woven by shuffles into vectors that lie whole.
import { bytesOf } from "../../ir/dtypes.js";
import type { Poly } from "../../ir/poly.js";
import type { Expr } from "./loop.js";
import type { Lowering, Offsets, Sink } from "./state.js";

type Cell = readonly [Offsets, Expr];

/** The cells of a tile, if two or four neighbours fill all that lies between the lanes of each; false: they do not, and nothing is stored. */
export function storeWoven(l: Lowering, s: Sink, cells: readonly Cell[]): boolean {
  const [first] = cells;
  if (!l.lane || !first || s.combine || s.when || s.checks.length || s.strict?.length || bytesOf(s.dtype) !== 4)
    return false;
  const step = l.laneStep(s.form, first[0]);
  const size = step?.isConst ? step.constant / 4 : 0;
  if ((size !== 2 && size !== 4) || size > l.lanes) return false;
  const groups = groupsOf(l, s, cells, size);
  if (!groups) return false;
  for (const { start, values } of groups)
    woven(
      l,
      values.map(v => l.keep(v)),
    ).forEach((value, i) => {
      l.b.push({ kind: "store", op: "v128", at: l.b.access(start.add(4 * l.lanes * i)), value });
    });
  return true;
}

/** Cells whose addresses are `size` neighbours, in their order; undefined: some are alone. */
function groupsOf(l: Lowering, s: Sink, cells: readonly Cell[], size: number) {
  const groups: { readonly start: Poly; readonly values: Expr[] }[] = [];
  const places = cells.map(([offs, value]) => ({ at: l.addressOf(s.form, offs), value }));
  const taken = new Set<number>();
  for (const [i, { at }] of places.entries()) {
    if (taken.has(i)) continue;
    const values: Expr[] = [];
    for (let n = 0; n < size; n++) {
      const j = places.findIndex((p, k) => !taken.has(k) && p.at.equals(at.add(4 * n)));
      if (j < 0) return undefined;
      taken.add(j);
      values.push(places[j]!.value);
    }
    groups.push({ start: at, values });
  }
  return groups;
}

/** Element 0 of each vector, then element 1 of each, and so on. */
function woven(l: Lowering, vectors: readonly Expr[]): readonly Expr[] {
  if (vectors.length === 1) return vectors;
  const even = woven(
    l,
    vectors.filter((_, i) => i % 2 === 0),
  );
  const odd = woven(
    l,
    vectors.filter((_, i) => i % 2 === 1),
  );
  return even.flatMap((a, i) => [0, l.lanes / 2].map(from => zipped(l, a, odd[i]!, from)));
}
/** a[from], b[from], a[from + 1], … */
function zipped(l: Lowering, a: Expr, b: Expr, from: number): Expr {
  const lanes = l.eachLane(i => from + (i >> 1) + (i % 2 ? l.lanes : 0));
  return l.keep({ kind: "shuffle", lanes, args: [a, b] });
}
