// Which reductions ask for memory ahead. A processor foresees what follows in memory as long as somebody reads it; while a row of exponentials
// is computed nobody does (softmax of 16,384 × 1000 natively: 6.3 ms, with the next row and the row of results asked for meanwhile 4.1), and a panel
// of weights that few rows go by is waited for by the first of them (49 × 512 × 2048: 76 % of the multiply-adds, with the next panel asked for
// meanwhile 90). Weights that a fold walks step by step lie in as many stretches as a step has rows of them, which begin anew with each step.
import { bytesOf } from "../ir/dtypes.js";
import type { NodeOf } from "../ir/tile.js";
import { isTensor, reach } from "../ir/tile.js";
import { fewRows } from "./blocks.js";
import { steppedWeights } from "./cold-weights.js";
import { isContraction } from "./contraction.js";
import type { AxisName, Schedule } from "./schedule.js";
import { laneLoads } from "./tiles.js";
import type { KernelView, SinkView } from "./view.js";

/** operations an element from which memory waits for them; with 5 of them (LayerNormalization) asking gains nothing */
const DEAR = 12;

export function memoryAhead(
  view: KernelView,
  sinks: readonly SinkView[],
  stage: Schedule["stage"],
  layouts: Schedule["layouts"],
): Pick<Schedule, "ahead" | "panelsAhead" | "stepsAhead"> {
  const ahead = rowsAhead(view, sinks, stage);
  const panels = panelsAhead(view, sinks, stage, layouts);
  const steps = stepsAhead(view, sinks, stage);
  return {
    ...(Object.keys(ahead).length ? { ahead } : {}),
    ...(Object.keys(panels).length ? { panelsAhead: panels } : {}),
    ...(Object.keys(steps).length ? { stepsAhead: steps } : {}),
  };
}

/** By the name of the reduction: the axis of its rows. At most one of those that share rows: its loops are over in time for the next row. */
function rowsAhead(view: KernelView, sinks: readonly SinkView[], stage: Schedule["stage"]): Record<string, AxisName> {
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

/** By the name of the contraction: bytes of the next panel that a row asks for, for each step of the depth, so that all of it has come when the rows are over. */
function panelsAhead(
  view: KernelView,
  sinks: readonly SinkView[],
  stage: Schedule["stage"],
  layouts: Schedule["layouts"],
): Record<string, number> {
  const ahead: Record<string, number> = {};
  for (const s of sinks) {
    const lane = view.laneOf(s, stage);
    const rows = lane && fewRows(view, s, lane);
    if (!rows) continue;
    for (const n of view.inline(s.value)) {
      if (!isContraction(n) || n.kind !== "reduce") continue;
      const weights = laneLoads(view, s, lane).find(x => n.args.includes(x));
      const block = weights && isTensor(weights.tensor) ? layouts[weights.tensor.name]?.block : undefined;
      if (block) ahead[view.names.value(n)] = Math.max(1, Math.round((block.size * bytesOf(weights!.dtype)) / rows));
    }
  }
  return ahead;
}

/** By the name of a tensor of weights: the axis of the fold whose steps read it in vectors. */
function stepsAhead(view: KernelView, sinks: readonly SinkView[], stage: Schedule["stage"]): Record<string, AxisName> {
  const ahead: Record<string, AxisName> = {};
  for (const s of sinks) {
    const lane = view.laneOf(s, stage);
    if (!lane) continue;
    for (const { load, step } of steppedWeights(view, s, lane))
      if (isTensor(load.tensor)) ahead[load.tensor.name] = view.names.axis(step);
  }
  return ahead;
}
