// Gathered indices: where one is outside of its tensor the run fails, as it does on the interpreter.
import type { Check } from "./loads.js";
import type { Expr } from "./loop.js";
import { op } from "./loop.js";
import type { Lowering, Offsets } from "./state.js";

/** For each element of the register, or of its first `count` lanes: is its index outside? */
export function outsideOf(l: Lowering, checks: readonly Check[], offs: Offsets, count: number = l.lanes): Expr[] {
  return checks.flatMap(c => places(l, c, offs, count).map(at => l.scalarly(() => outside(l, c, at))));
}
const outside = (l: Lowering, c: Check, offs: Offsets): Expr =>
  op("i32.ge_u", l.b.int(l.addressOf(c.form, offs)), l.b.int(c.size));

/** Before a read: once for each index, in the outermost scope that knows it. */
export function requireInside(l: Lowering, checks: readonly Check[], offs: Offsets): void {
  for (const c of checks)
    for (const at of places(l, c, offs, l.lanes))
      l.scalarly(() => {
        const key = `t${l.addressOf(c.form, at).key}<${c.size.key}`;
        l.b.memo(l.homeOf(c.form.axes), key, () => {
          l.b.push({ kind: "trap", condition: outside(l, c, at) });
          return true;
        });
      });
}

/** The elements that decide: of lanes in a row the first and the last, else each. */
function places(l: Lowering, { form, index }: Check, offs: Offsets, count: number): readonly Offsets[] {
  const lane = l.lane;
  if (!lane || !form.axes.includes(lane)) return [offs];
  const all = Array.from({ length: count }, (_, i) => l.atLane(offs, i));
  const inRow = !l.gathersAlong(index, lane) && form.linear.coef(lane.sym)?.isConst;
  return inRow && count > 2 ? [all[0]!, all[count - 1]!] : all;
}
