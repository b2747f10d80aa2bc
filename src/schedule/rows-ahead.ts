// Which reductions ask for memory ahead. A processor foresees what follows in memory as long as somebody reads it; while a row of exponentials
// is computed nobody does (softmax of 16,384 × 1000 natively: 6.3 ms, with the next row and the row of results asked for meanwhile 4.1).
import type { NodeOf } from "../ir/tile.js";
import { isTensor, reach } from "../ir/tile.js";
import { isContraction } from "./contraction.js";
import type { AxisName, Schedule } from "./schedule.js";
import type { KernelView, SinkView } from "./view.js";

/** operations an element from which memory waits for them; with 5 of them (LayerNormalization) asking gains nothing */
const DEAR = 12;

/** By the name of the reduction: the axis of its rows. At most one of those that share rows: its loops are over in time for the next row. */
export function rowsAhead(
  view: KernelView,
  sinks: readonly SinkView[],
  stage: Schedule["stage"],
): Record<string, AxisName> {
  const ahead: Record<string, AxisName> = {};
  for (const s of sinks) {
    const rows = view.rows(s);
    const row = rows.at(-1);
    if (!row || !s.store || s.fold || rows.some(a => view.names.axis(a) === stage[s.id]?.lane)) continue;
    const reduces = view.own(s.value).filter((n): n is NodeOf<"reduce"> => n.kind === "reduce" && !isContraction(n));
    const cost = (n: NodeOf<"reduce">): number => [...new Set(n.args)].reduce((sum, x) => sum + view.cost(x), 0);
    const dearest = reduces.reduce<NodeOf<"reduce"> | undefined>(
      (a, b) => (a && cost(a) >= cost(b) ? a : b),
      undefined,
    );
    if (!dearest || cost(dearest) < DEAR) continue;
    const loads = reach(dearest.args, x => x.kind === "reduce").filter(
      (x): x is NodeOf<"load"> => x.kind === "load" && isTensor(x.tensor),
    );
    if (loads.some(x => view.axes(x.axes).includes(row))) ahead[view.names.value(dearest)] = view.names.axis(row);
  }
  return ahead;
}
