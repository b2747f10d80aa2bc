// Layouts that make the lane operand of a contraction contiguous: constants are packed once at load, other tensors are copied for the
// call where they are read often enough, computed values go to scratch in panels.
import type { Axis, Layout, Node, NodeOf, Tensor } from "../ir/tile.js";
import { isTensor, reach } from "../ir/tile.js";
import { steppedPanels, steppedWeights } from "./cold-weights.js";
import { isWorthCopying } from "./copies.js";
import { isContraction, reductionOrder } from "./contraction.js";
import type { AxisName, Place, StageSchedule } from "./schedule.js";
import { laneLoads } from "./tiles.js";
import type { KernelView, SinkView } from "./view.js";

export interface StorageDecisions {
  readonly layouts: Record<string, Layout>;
  readonly copies: Record<string, Place>;
}

export function decideStorage(
  view: KernelView,
  sinks: readonly SinkView[],
  stages: Readonly<Record<string, StageSchedule>>,
): StorageDecisions {
  const layouts: Record<string, Layout> = {};
  const copies: Record<string, Place> = {};
  const refused = new Set<string>();
  const loads = view.names.values.filter((n): n is NodeOf<"load"> => n.kind === "load");
  /** one layout for all that read the constant, or none */
  const keep = (name: string, layout: Layout): void => {
    if (refused.has(name)) return;
    if (layouts[name] && !same(layouts[name], layout)) {
      delete layouts[name];
      refused.add(name);
    } else layouts[name] = layout;
  };
  for (const s of sinks) {
    const stage = stages[s.id];
    const lane = view.laneOf(s, stages);
    if (!lane) {
      for (const [name, layout] of alongReduction(view, s, stage?.lane, loads)) keep(name, layout);
      continue;
    }
    const stepped = steppedWeights(view, s, lane);
    const width = stepped.length > 0 ? steppedPanels(stage!, view.lanes).panel : (stage!.vectors ?? 1) * view.lanes;
    const whole = [...laneLoads(view, s, lane), ...crossedConstants(view, s, lane)];
    for (const { load: n, step } of [...whole.map(load => ({ load, step: undefined })), ...stepped]) {
      const t = n.tensor as Tensor;
      const reads = loads.filter(o => o.tensor === t);
      const size = reads.every(o => isWholeDim(view, o, lane)) ? width : undefined;
      const layout = panels(view, n, s, lane, size, step);
      if (!layout || (t.layout && t.constant) || refused.has(t.name)) continue;
      const alone = reads.every(o => same(panels(view, o, s, lane, size, step), layout));
      if (t.constant && alone) keep(t.name, layout);
      else if (!t.constant && view.loadStep(n, lane) !== "contiguous" && isWorthCopying(view, n, s, lane))
        copies[t.name] ??= { at: "root", layout };
    }
    placeInPanels(view, s, lane, (stage!.vectors ?? 1) * view.lanes);
  }
  return { layouts, copies };
}
/** Constants that a contraction reads with lanes along its reduced axis: that axis innermost. */
function alongReduction(
  view: KernelView,
  s: SinkView,
  lane: AxisName | undefined,
  loads: readonly NodeOf<"load">[],
): readonly (readonly [string, Layout])[] {
  const own = view.reductions(s).filter(n => n.args.length === 2);
  return own.flatMap(n =>
    n.args.flatMap(x => {
      const axis = n.over.find(a => view.names.axis(a) === lane);
      if (!axis || x.kind !== "load" || !isTensor(x.tensor) || !x.tensor.constant || x.tensor.layout) return [];
      const layout = panels(view, x, s, axis, undefined, undefined);
      return layout && loads.every(o => o === x || o.tensor !== x.tensor) ? [[x.tensor.name, layout] as const] : [];
    }),
  );
}
const same = (a: Layout | undefined, b: Layout | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * […] [n / size] [k] [size]: what is not reduced outside (experts, heads: what one block reads lies together), the reduced dims inside in the order of the
 * loops; of what a fold reads in each step, the step outermost among those. A constant of which the lane walks a part of a dim (a gate of a recurrent cell) gets that dim innermost, without blocks: `size` is undefined.
 * Undefined where the lane is neither.
 */
function panels(
  view: KernelView,
  n: NodeOf<"load">,
  s: SinkView,
  lane: Axis,
  size: number | undefined,
  step: Axis | undefined,
): Layout | undefined {
  if (!isTensor(n.tensor) || n.tensor.dims.length < 2) return undefined;
  const dim = laneDim(view, n, lane);
  if (dim === undefined || (size === undefined && !n.tensor.constant)) return undefined;
  const over = step ? [step] : reductionOrders(view, n, s);
  const rank = (d: number): number => over.findIndex(a => n.index[d]!.has(a.sym));
  const rest = n.index.map((_, d) => d).filter(d => d !== dim);
  const ordered = rest.sort((a, b) => rank(a) - rank(b) || a - b);
  if (size === undefined) return { order: [...ordered, dim] };
  // of what a fold's step reads, only what the grid walks lies outside
  const isOutside = (d: number): boolean => (step ? view.kernel.grid.some(a => n.index[d]!.has(a.sym)) : rank(d) < 0);
  const inner = ordered.filter(d => !isOutside(d));
  const stepFirst = step ? [...inner.filter(d => rank(d) >= 0), ...inner.filter(d => rank(d) < 0)] : inner;
  return { order: [...ordered.filter(isOutside), dim, ...stepFirst], block: { dim, size } };
}
function reductionOrders(view: KernelView, n: NodeOf<"load">, s: SinkView): readonly Axis[] {
  const reduces = view.inline(s.value).filter((x): x is NodeOf<"reduce"> => x.kind === "reduce");
  return reduces.filter(x => operandsOf(view, x).includes(n)).flatMap(x => [...reductionOrder(x)]);
}
/** What a reduction's operands are computed from, where they are not kept. */
const operandsOf = (view: KernelView, { args }: NodeOf<"reduce">): readonly Node[] =>
  args.every(a => a.kind === "load") ? args : reach(args, x => x.kind === "reduce" || view.isPlaced(x));
/** Constants that what is reduced is computed from, and that lie across the lane: vectors of them would be gathered (weights of 8 bits, 2048 × 2048 by one row: 5 ms instead of 0.7) */
const crossedConstants = (view: KernelView, s: SinkView, lane: Axis): NodeOf<"load">[] =>
  view.inline(s.value).flatMap(x => {
    if (x.kind !== "reduce") return [];
    const isCrossed = (n: Node): n is NodeOf<"load"> =>
      n.kind === "load" &&
      !x.args.includes(n) &&
      isTensor(n.tensor) &&
      n.tensor.constant === true &&
      x.over.some(a => n.axes.includes(a)) &&
      view.loadStep(n, lane) === "strided";
    return operandsOf(view, x).filter(isCrossed);
  });
/** The one dim along which the lane walks, element by element. */
function laneDim(view: KernelView, n: NodeOf<"load">, lane: Axis): number | undefined {
  const dims = n.index.flatMap((p, d) => (view.fused(p).has(lane.sym) ? [d] : []));
  const step = dims.length === 1 ? view.fused(n.index[dims[0]!]!).coef(lane.sym) : undefined;
  return step?.isConst && step.constant === 1 ? dims[0] : undefined;
}
/** from its first element on */
function isWholeDim(view: KernelView, n: NodeOf<"load">, lane: Axis): boolean {
  const dim = laneDim(view, n, lane);
  return dim !== undefined && view.fused(n.index[dim]!).terms.length === 1;
}

/** A placed operand whose lane axis is not its last goes to scratch in panels. */
function placeInPanels(view: KernelView, s: SinkView, lane: Axis, size: number): void {
  for (const n of view.inline(s.value)) {
    if (!isContraction(n) || n.kind !== "reduce") continue;
    for (const a of n.args) {
      const axes = view.storedAxes(a);
      if (!view.isPlaced(a) || !axes.includes(lane) || axes.at(-1) === lane) continue;
      const id = view.names.value(a);
      view.places[id] = { ...view.places[id]!, block: [view.names.axis(lane), size] };
    }
  }
}
