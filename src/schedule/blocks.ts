// Blocks of the grid: what one thread does at a time. Large enough that handing them out costs nothing, small enough that two threads
// share a kernel and that what a block reads again stays in the cache.
import type { Axis, NodeOf } from "../ir/tile.js";
import { isTensor } from "../ir/tile.js";
import { isContraction } from "./contraction.js";
import type { MachineProfile } from "./machine-profile.js";
import type { StageSchedule } from "./schedule.js";
import { laneLoads } from "./tiles.js";
import type { KernelView, SinkView } from "./view.js";

/** cycles of one block, if the kernel is that large: about 50 µs */
const BLOCK_CYCLES = 150_000;
/** below this a kernel is one block: handing over costs more */
const SMALL_CYCLES = 30_000;

export function decideBlocks(
  view: KernelView,
  sinks: readonly SinkView[],
  stages: Readonly<Record<string, StageSchedule>>,
  profile: MachineProfile,
): Record<string, number> {
  const block: Record<string, number> = {};
  const grid = view.axes(view.kernel.grid);
  const fixed = wholeAxes(view);
  const free = grid.filter(a => !fixed.has(a));
  let cycles = work(view, profile);
  const unit = (a: Axis): number => unitOf(view, sinks, stages, a);
  const cut = (a: Axis, size: number): void => {
    const extent = view.extent(a);
    const u = unit(a);
    const rounded = Math.max(u, Math.floor(size / u) * u);
    if (rounded >= extent) return;
    block[view.names.axis(a)] = rounded;
    cycles = (cycles * rounded) / extent;
  };
  for (const [a, size] of cachePanels(view, sinks, stages, profile)) if (free.includes(a)) cut(a, size);
  if (cycles <= SMALL_CYCLES) return block;
  for (const a of free) {
    if (view.names.axis(a) in block) continue;
    const extent = Math.max(1, view.extent(a));
    const perIndex = cycles / extent;
    const wanted = Math.max(1, Math.round(BLOCK_CYCLES / perIndex));
    // at least four blocks where there is work for them
    cut(a, Math.min(wanted, Math.max(1, Math.ceil(extent / 4))));
    if (cycles <= BLOCK_CYCLES * 1.5) break;
  }
  return block;
}

/** axes that a block must hold whole: reduced over, or read under other indices from scratch */
function wholeAxes(view: KernelView): Set<Axis> {
  const out = new Set<Axis>();
  for (const n of view.names.values) {
    if (n.kind === "reduce") for (const a of view.axes(n.over)) out.add(a);
    if (n.kind !== "load" || isTensor(n.tensor)) continue;
    n.tensor.axes.forEach((a, d) => {
      const p = n.index[d]!;
      if (p.terms.length !== 1 || p.terms[0]!.s[0] !== a.sym || p.terms[0]!.c !== 1)
        for (const x of view.axes([a])) out.add(x);
    });
  }
  return out;
}

/** cycles of the whole kernel, roughly: two vectors of multiply-adds, or one of anything else */
export function work(view: KernelView, profile: MachineProfile): number {
  let cycles = 0;
  for (const n of view.names.values) {
    const points = view.volume(n.axes);
    if (n.kind === "reduce")
      cycles += (points * view.volume(n.over)) / (4 * (n.args.length === 2 ? profile.fmasPerCycle : 1));
    else if (n.kind === "map") cycles += points / 4;
    else if (n.kind === "call") cycles += (points * 14) / 4;
    else if (n.kind === "load") cycles += points / 4;
  }
  for (const s of view.kernel.stores)
    cycles +=
      view.volume([...s.index.flatMap(p => [...p.syms])].flatMap(x => view.kernel.grid.filter(a => a.sym === x))) / 4;
  return cycles;
}

/** blocks are multiples of the register tile, and of a panel of packed weights */
function unitOf(
  view: KernelView,
  sinks: readonly SinkView[],
  stages: Readonly<Record<string, StageSchedule>>,
  a: Axis,
): number {
  const name = view.names.axis(a);
  let unit = 1;
  for (const s of sinks) {
    const stage = stages[s.id];
    if (stage?.lane === name && view.rows(s).includes(a)) unit = Math.max(unit, (stage.vectors ?? 1) * 4);
    unit = Math.max(unit, stage?.rows?.[name]?.[0] ?? 1);
  }
  return unit;
}

/** The part of a contraction's lane operand that a block uses shall stay in half of the second-level cache. */
function cachePanels(
  view: KernelView,
  sinks: readonly SinkView[],
  stages: Readonly<Record<string, StageSchedule>>,
  profile: MachineProfile,
): [Axis, number][] {
  const out: [Axis, number][] = [];
  for (const s of sinks) {
    const lane = view.rows(s).find(a => view.names.axis(a) === stages[s.id]?.lane);
    if (!lane || !s.store) continue;
    const depth = Math.max(
      0,
      ...view
        .inline(s.value)
        .filter((n): n is NodeOf<"reduce"> => isContraction(n) && n.kind === "reduce")
        .map(n => view.volume(n.over)),
    );
    if (depth === 0 || laneLoads(view, s, lane).length === 0) continue;
    out.push([lane, Math.floor(profile.l2Bytes / 3 / (4 * depth))]);
  }
  return out;
}
