// The schedule that a kernel gets by itself, from a cost model: what is kept, what is walked as one, what lies in lanes, the register tile,
// layouts, blocks. Every decision is a field that a user or a tuner may pin.
import type { Sym } from "../ir/poly.js";
import type { Kernel, NodeOf } from "../ir/tile.js";
import { isTensor, reach } from "../ir/tile.js";
import { decideBlocks, decideParts, FOLD_INDICES } from "./blocks.js";
import type { ScheduleChoices } from "./choices.js";
import { isContraction } from "./contraction.js";
import { verifyFields } from "./fields.js";
import { fuseAxes } from "./fusion.js";
import { chooseLane } from "./lanes.js";
import type { MachineProfile, ScheduleFeatures } from "./machine-profile.js";
import { genericProfile, tileLimits } from "./machine-profile.js";
import { placeValues } from "./placement.js";
import type { Schedule, StageSchedule } from "./schedule.js";
import { decideStorage } from "./storage.js";
import type { memoryAhead } from "./memory-ahead.js";
import { stageOf } from "./tiles.js";
import type { SinkView } from "./view.js";
import { KernelView } from "./view.js";

export interface DeriveOptions {
  readonly profile?: MachineProfile;
  readonly features?: ScheduleFeatures;
  /** sizes to expect of dims that are known at run time only */
  readonly dimHints?: (s: Sym) => number | undefined;
  /** the same for dims of which only a guess is known: a batch is mostly 1 */
  readonly dimGuesses?: (s: Sym) => number | undefined;
  /** one dim for all that are of one size in every run */
  readonly dimTwins?: (s: Sym) => Sym;
  /** of targets whose code can ask for memory: which reductions do */
  readonly ahead?: typeof memoryAhead;
  /** decided by a tuner: what hangs on them is derived to fit */
  readonly choices?: ScheduleChoices;
  /** fields that a user decided, as they are */
  readonly pins?: Partial<Schedule>;
}
const modern: ScheduleFeatures = { relaxedSimd: true, tileProfile: "v8-modern" };
/** address registers before bases plus one offset are used */
const POINTERS = 10;
/** multiply-adds per pixel and tap from which a table of row pointers costs less than it saves */
const TABLE_WORK = 256;

/** The kernel as the cost model sees it, nothing decided yet. */
export function viewFor(kernel: Kernel, options: DeriveOptions): KernelView {
  const { profile = genericProfile, dimHints = () => undefined, dimGuesses, dimTwins } = options;
  return new KernelView(kernel, dimHints, profile.lanes, dimGuesses, dimTwins);
}

export function deriveSchedule(kernel: Kernel, options: DeriveOptions = {}): Schedule {
  const { profile = genericProfile, features = modern, choices = {}, pins = {} } = options;
  verifyFields(kernel, pins);
  const view = viewFor(kernel, options);
  placeValues(view);
  const { fuse, split } = fuseAxes(view);
  const sinks = view.sinks();
  const stage: Record<string, StageSchedule> = {};
  for (const s of sinks) {
    const choice = choices.stage?.[s.id];
    stage[s.id] ??= stageOf(view, s, choice?.lane ?? chooseLane(view, s), { profile, features }, choice);
  }
  keepForAllLanes(view, sinks, stage);
  const { layouts, copies } = decideStorage(view, sinks, stage);
  const { block, order: derivedOrder } = decideBlocks(view, sinks, stage, profile, options.ahead !== undefined);
  for (const f of view.names.folds) if (!f.steps) block[view.names.axis(f.axis)] = FOLD_INDICES;
  for (const [axis, size] of Object.entries(choices.block ?? {}))
    if (size === "whole") delete block[axis];
    else block[axis] = size;
  const order = choices.order ?? derivedOrder;
  const parts = decideParts(view, profile);
  const { unroll } = tileLimits[features.tileProfile];
  return {
    ...(profile.lanes === 4 ? {} : { lanes: profile.lanes }),
    fuse,
    block,
    ...(order.length ? { order } : {}),
    layouts,
    pointers: tables(view, fuse.length > 0),
    split: [...split, ...new Set(sinks.flatMap(s => (view.laneOf(s, stage) ? tallRow(stage[s.id]!) : [])))],
    ...(Object.keys(parts).length ? { parts } : {}),
    ...options.ahead?.(view, sinks, stage, layouts),
    place: { ...view.places, ...copies },
    stage,
    unroll: choices.unroll ?? unroll,
    partials: choices.partials ?? 4,
    maxPointers: POINTERS,
    ...pins,
  };
}

/** Where a tile has pixels of several rows, those along a row are cut into borders and an interior: each would need an address of its own. */
const tallRow = ({ rows = {}, order = [] }: StageSchedule): readonly string[] =>
  Object.keys(rows).length > 1 ? order.slice(-1) : [];

/** What is kept for one row has room for one: where lanes go across rows, it is kept for all of the region's rows instead. */
function keepForAllLanes(view: KernelView, sinks: readonly SinkView[], stage: Schedule["stage"]): void {
  for (const s of sinks) {
    const lane = view.laneOf(s, stage);
    if (!lane) continue;
    for (const n of reach([s.value])) {
      const id = view.names.value(n);
      if (view.places[id]?.at === "row" && view.axes(n.axes).includes(lane)) view.places[id] = { at: "region" };
    }
  }
}

/** Loads of fused pixels that may leave the image go through a table, where enough work hangs on each pointer. */
function tables(view: KernelView, fused: boolean): string[] {
  if (!fused || view.substitution.size === 0) return [];
  const out = new Set<string>();
  for (const n of view.names.values) {
    if (n.kind !== "reduce" || !isContraction(n) || n.over.some(a => view.fusedInto.has(a))) continue;
    for (const x of n.args.filter(
      (a): a is NodeOf<"load"> => a.kind === "load" && isTensor(a.tensor) && view.checks(a).length > 0,
    )) {
      const inner = n.over.filter(a => !view.checks(x).some(p => p.has(a.sym)));
      const others = view.kernel.grid.filter(a => !x.axes.includes(a));
      if (
        view.volume(inner) * view.volume(others) >= TABLE_WORK &&
        x.axes.every(a => view.kernel.grid.includes(a) || n.over.includes(a))
      )
        out.add(x.tensor.name);
    }
  }
  return [...out];
}
