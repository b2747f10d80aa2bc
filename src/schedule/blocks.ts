// Blocks of the grid: what one thread does at a time. Large enough that handing them out costs nothing, small enough that two threads
// share a kernel and that what a block reads again stays in the cache.
import type { Axis, Fold, Node, NodeOf, Tensor } from "../ir/tile.js";
import { isTensor, reach } from "../ir/tile.js";
import { scopesOf } from "../ir/walk.js";
import { isCold, steppedPanels, steppedWeights } from "./cold-weights.js";
import { isContraction } from "./contraction.js";
import type { MachineProfile } from "./machine-profile.js";
import { whyWhole } from "./parts.js";
import type { AxisName, StageSchedule } from "./schedule.js";
import { laneLoads } from "./tiles.js";
import { crossedAxes } from "./verify.js";
import type { KernelView, SinkView } from "./view.js";

/** cycles of one block, if the kernel is that large: about 50 µs */
const BLOCK_CYCLES = 150_000;
/** below this a kernel is one block: handing over costs more */
const SMALL_CYCLES = 30_000;
/** blocks up to this many times the wanted size are not cut again */
const TOLERANCE = 2.5;

/** blocks that a call shall have, where it is long enough; at least so many where there is work for them */
const MOST_BLOCKS = 16;
const FEW_BLOCKS = 4;
/** cycles that a part is worth: handing it over and merging it cost some thousands */
const PART_CYCLES = 30_000;
/** rows up to which weights are waited for, in vectors of the machine: a panel has come long before more have gone by it */
const FEW_ROWS_IN_VECTORS = 16;
/** of the second-level cache, what a panel may take that many rows go by */
const WARM_SHARE = 0.6;
/** of the second-level cache, what a panel may take that few rows go by: the next one comes meanwhile */
const COLD_SHARE = 1 / 8;
/** what a cache holds */
const powerOfTwo = (n: number): number => 2 ** Math.floor(Math.log2(n));
/** the nearest one: layers of different sizes shall share code */
const powerOfFour = (n: number): number => 4 ** Math.round(Math.log2(n) / 2);

/**
 * indices of a fold per turn: rows of scores of attention stay in the first-level cache, and sums are scaled again seldom (12 heads of 64, 2048 keys: 86 % of the rate of a
 * product, with 256 it is 82 %)
 */
export const FOLD_INDICES = 512;
/** of the second-level cache, what is kept for a block may take */
const KEPT_SHARE = 1 / 2;
/** of the second-level cache, what scores and weights of a turn may take */
const FOLD_SHARE = 1 / 3;

/** lanes and rows of a block that transposes */
const TRANSPOSED = [64, 32] as const;

export interface Blocks {
  readonly block: Record<string, number>;
  /** which axes' blocks come one after the other */
  readonly order: readonly string[];
}

export function decideBlocks(
  view: KernelView,
  sinks: readonly SinkView[],
  stages: Readonly<Record<string, StageSchedule>>,
  profile: MachineProfile,
  asksAhead: boolean,
): Blocks {
  const block: Record<string, number> = {};
  const grid = view.axes(view.kernel.grid);
  const crossed = crossedAxes(view.names);
  const fixed = new Set(view.axes([...crossed]));
  // blocks of rows would tear groups apart, and their weights would be read for each part (64 experts of 8 rows: 1.7 times the speed without)
  const ragged = view.kernel.segments?.axis;
  const kept = view.names.values.filter(n => view.isPlaced(n) && view.places[view.names.value(n)]!.at === "region");
  // elements of it that are made again in each block along an axis: the axis with the fewest is cut first (2048 × 2048 weights of 8 bits by 64 rows in WebAssembly: 44 ms in
  // blocks of 4 rows, 12 in blocks of columns)
  const again = (a: Axis): number =>
    kept.reduce((sum, n) => (view.storedAxes(n).includes(a) ? sum : sum + view.volume(view.storedAxes(n))), 0);
  const free = grid.filter(a => !fixed.has(a) && a !== ragged).sort((a, b) => again(a) - again(b));
  if (ragged && !fixed.has(ragged)) free.push(ragged);
  let cycles = work(view, profile);
  const unit = (a: Axis): number => unitOf(view, sinks, stages, a);
  const cut = (a: Axis, size: number, rounding: (n: number) => number, u = unit(a)): void => {
    const extent = view.extent(a);
    const rounded = u * rounding(Math.max(1, size / u));
    if (rounded >= extent) return;
    block[view.names.axis(a)] = rounded;
    cycles = (cycles * rounded) / extent;
  };
  const count = (): number =>
    free.reduce(
      (n, a) => n * Math.ceil(view.extent(a) / (block[view.names.axis(a)] ?? Math.max(1, view.extent(a)))),
      1,
    );
  // what a size is mostly says nothing of how many indices to take at a time when there are more
  for (const a of free)
    if (view.isGuessed(a)) {
      const wanted = (BLOCK_CYCLES * Math.max(1, view.extent(a))) / Math.max(1, cycles);
      block[view.names.axis(a)] = unit(a) * powerOfFour(Math.max(1, wanted / unit(a)));
    }
  const panels = cachePanels(view, sinks, stages, profile, asksAhead).filter(([a]) => free.includes(a));
  for (const [a, size] of panels)
    cut(a, ragged ? Math.min(size, Math.ceil(view.extent(a) / FEW_BLOCKS)) : size, powerOfTwo);
  for (const s of sinks) {
    const lane = view.laneOf(s, stages);
    if (lane && free.includes(lane) && steppedWeights(view, s, lane).length > 0)
      cut(lane, steppedPanels(stages[s.id]!, view.lanes).block, Math.ceil, 1);
  }
  if (cycles <= SMALL_CYCLES) return { block, order: [] };
  const [along, across] = transposed(view, sinks, stages);
  if (along && across && free.includes(along) && free.includes(across)) {
    cut(along, TRANSPOSED[0], powerOfTwo);
    cut(across, TRANSPOSED[1], powerOfTwo);
  }
  // few rows stay together where panels are blocks enough, and panels come in the order in which they lie in memory
  const apart = asksAhead ? axesOfColdWeights(view, sinks, stages) : undefined;
  for (const a of apart ?? []) if (free.includes(a)) cut(a, 1, powerOfTwo);
  const whole = apart !== undefined && count() >= MOST_BLOCKS;
  for (const a of whole ? [] : free) {
    if (view.names.axis(a) in block) continue;
    const extent = Math.max(1, view.extent(a));
    const perIndex = cycles / extent;
    const least = ragged
      ? Math.ceil(extent / MOST_BLOCKS)
      : Math.max(rowsOfFold(view, profile, unit(a)), a === free[0] ? indicesKept(view, kept, a, profile) : 0);
    const wanted = Math.max(least, Math.round(BLOCK_CYCLES / perIndex));
    if ((a === ragged || (a !== free[0] && again(a) > 0)) && count() >= FEW_BLOCKS) break;
    cut(a, Math.min(wanted, Math.max(1, Math.ceil(extent / FEW_BLOCKS))), powerOfFour);
    if (cycles <= BLOCK_CYCLES * TOLERANCE) break;
  }
  // a panel of weights stays in the cache while the rows go by
  const order =
    panels.length && !apart?.length && keepsWeights(view, panels[0]![0], block)
      ? grid.filter(a => a !== panels[0]![0]).map(a => view.names.axis(a))
      : [];
  return { block, order };
}

/** Of an axis of what is kept for a block: as many as the cache has room for, because the block's other operand is read once for all of them. */
function indicesKept(view: KernelView, kept: readonly Node[], a: Axis, { l2Bytes }: MachineProfile): number {
  if (view.names.folds.length > 0) return 0;
  const others = kept.flatMap(n => {
    const axes = view.storedAxes(n);
    return axes.includes(a) ? [axes.filter(x => x !== a)] : [];
  });
  const bytes = others.reduce((sum, axes) => sum + 4 * view.volume(axes), 0);
  return bytes === 0 ? 0 : Math.floor((KEPT_SHARE * l2Bytes) / bytes);
}

/** Rows of a block that walks a fold of products: as many as the cache has room for, because each turn begins and ends once for all of them. */
function rowsOfFold(view: KernelView, { l2Bytes }: MachineProfile, unit: number): number {
  const contracts = view.names.folds.some(f => !f.steps && reach(f.next).some(isContraction));
  return contracts && unit > 1 ? Math.floor((FOLD_SHARE * l2Bytes) / (2 * 4 * FOLD_INDICES)) : 1;
}

/**
 * An elementwise kernel that reads along another axis than it writes: the lane's, and the one that is contiguous in the read. Blocks of
 * both keep the lines that it reads by lanes in the first-level cache (512 × 512: twice as fast).
 */
function transposed(
  view: KernelView,
  sinks: readonly SinkView[],
  stages: Readonly<Record<string, StageSchedule>>,
): readonly [Axis?, Axis?] {
  if (view.names.values.some(n => n.kind === "reduce") || view.names.folds.length > 0) return [];
  for (const s of sinks) {
    const lane = s.axes.find(a => view.names.axis(a) === stages[s.id]?.lane);
    if (!lane || !s.store) continue;
    for (const n of view.names.values) {
      if (n.kind !== "load" || view.loadStep(n, lane) !== "strided") continue;
      const other = s.axes.find(a => a !== lane && view.loadStep(n, a) === "contiguous");
      if (other && view.extent(lane) > TRANSPOSED[0] && view.extent(other) > TRANSPOSED[1]) return [lane, other];
    }
  }
  return [];
}

/** Is it less traffic to read the rows again for every panel than the panels for every block of rows? */
function keepsWeights(view: KernelView, lane: Axis, block: Readonly<Record<string, number>>): boolean {
  const blocksOf = (a: Axis): number => Math.ceil(view.extent(a) / (block[view.names.axis(a)] ?? view.extent(a)));
  const loads = view.names.values.filter((n): n is NodeOf<"load"> => n.kind === "load" && isTensor(n.tensor));
  const bytes = (n: NodeOf<"load">): number =>
    isTensor(n.tensor) ? n.tensor.dims.reduce((p, d) => p * view.size(d), 1) : 0;
  const others = view.axes(view.kernel.grid).filter(a => a !== lane);
  const rowBlocks = others.reduce((p, a) => p * blocksOf(a), 1);
  const weights = loads.filter(n => view.axes(n.axes).includes(lane)).reduce((p, n) => p + bytes(n), 0);
  const rows = loads.filter(n => !view.axes(n.axes).includes(lane)).reduce((p, n) => p + bytes(n), 0);
  return weights + rows * blocksOf(lane) < weights * rowBlocks + rows;
}

/** How many blocks a call shall have at least, by axis of the folds that are cut for it. */
export function decideParts(view: KernelView, profile: MachineProfile): Record<AxisName, number> {
  const parts: Record<AxisName, number> = {};
  for (const f of view.kernel.folds) {
    if (whyWhole(view.kernel, f) !== undefined) continue;
    const enough = Math.min(MOST_BLOCKS, Math.floor(work(view, profile) / PART_CYCLES));
    const blocks = view.isOpen(f.axis) ? MOST_BLOCKS : enough;
    if (blocks > 1) parts[view.names.axis(f.axis)] = blocks;
  }
  return parts;
}

/** cycles of the whole kernel, roughly: two vectors of multiply-adds, or one of anything else */
export function work(view: KernelView, profile: MachineProfile, everyStep = false): number {
  let cycles = 0;
  const turns = turnsOf(view, everyStep);
  for (const n of view.names.values) {
    const points = view.volume(n.axes) * turns(n);
    if (n.kind === "reduce")
      cycles += (points * view.volume(n.over)) / (profile.lanes * (n.args.length === 2 ? profile.fmasPerCycle : 1));
    else if (n.kind === "map") cycles += points / profile.lanes;
    else if (n.kind === "call") cycles += (points * 14) / profile.lanes;
    else if (n.kind === "load") cycles += points / profile.lanes;
  }
  for (const s of view.kernel.stores)
    cycles +=
      view.volume([...s.index.flatMap(p => [...p.syms])].flatMap(x => view.kernel.grid.filter(a => a.sym === x))) /
      profile.lanes;
  return cycles;
}

/**
 * How often a value is computed for other reasons than its axes: by steps of the folds around it. Those of a recurrent layer count only if
 * `everyStep`: each of its blocks reads all weights in every step, so that few blocks are best.
 */
function turnsOf(view: KernelView, everyStep: boolean): (n: Node) => number {
  if (view.names.folds.length === 0) return () => 1;
  const scopes = scopesOf(view.kernel);
  const isRecurrent = view.names.values.some(n => isContraction(n) && scopes.get(n)?.steps);
  if (isRecurrent && !everyStep) return () => 1;
  const around = new Map<Fold, Fold>();
  for (const f of view.names.folds) for (const inner of f.folds) around.set(inner, f);
  return n => {
    let turns = 1;
    for (let f = scopes.get(n); f; f = around.get(f))
      if (f.steps && !n.axes.includes(f.axis)) turns *= view.extent(f.axis);
    return turns;
  };
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
    // what is only kept on the way has pieces for any number
    if (!s.store && !view.own(s.value).some(isContraction)) continue;
    if (stage?.lane === name && view.rows(s).includes(a)) unit = Math.max(unit, (stage.vectors ?? 1) * view.lanes);
    unit = Math.max(unit, stage?.rows?.[name]?.[0] ?? 1);
  }
  return unit;
}

/** The part of a contraction's lane operand that a block uses shall stay in the second-level cache. */
function cachePanels(
  view: KernelView,
  sinks: readonly SinkView[],
  stages: Readonly<Record<string, StageSchedule>>,
  profile: MachineProfile,
  asksAhead: boolean,
): [Axis, number][] {
  const out: [Axis, number][] = [];
  for (const s of sinks) {
    const lane = view.laneOf(s, stages);
    if (!lane || !s.store) continue;
    const depth = Math.max(
      0,
      ...view
        .inline(s.value)
        .filter((n): n is NodeOf<"reduce"> => isContraction(n) && n.kind === "reduce")
        .map(n => view.volume(n.over)),
    );
    if (depth === 0 || laneLoads(view, s, lane).length === 0) continue;
    const share = asksAhead && fewRows(view, s, lane) !== undefined ? COLD_SHARE : WARM_SHARE;
    out.push([lane, Math.floor((share * profile.l2Bytes) / (4 * depth))]);
  }
  return out;
}

/** The rows that go by each panel of a contraction's weights, where they are so few that the weights are waited for. */
export function fewRows(view: KernelView, s: SinkView, lane: Axis): number | undefined {
  const weights = weightsOf(view, s, lane);
  if (!weights || !s.store || s.fold || view.kernel.segments) return undefined;
  const axes = view.rows(s).filter(a => a !== lane && !weights.axes.includes(a));
  if (!isCold(view, weights.tensor) || axes.some(a => view.isGuessed(a) || view.isOpen(a))) return undefined;
  const rows = view.volume(axes);
  return rows > 1 && rows <= FEW_ROWS_IN_VECTORS * view.lanes ? rows : undefined;
}
function weightsOf(
  view: KernelView,
  s: SinkView,
  lane: Axis,
): { readonly tensor: Tensor; readonly axes: readonly Axis[] } | undefined {
  for (const { tensor, axes } of laneLoads(view, s, lane))
    if (isTensor(tensor) && tensor.constant) return { tensor, axes: view.axes(axes) };
  return undefined;
}
/** Of weights that few rows go by: the axes beside the lane (batches of them). Undefined where there are none such. */
function axesOfColdWeights(
  view: KernelView,
  sinks: readonly SinkView[],
  stages: Readonly<Record<string, StageSchedule>>,
): readonly Axis[] | undefined {
  for (const s of sinks) {
    const lane = view.laneOf(s, stages);
    if (!lane || fewRows(view, s, lane) === undefined) continue;
    const { axes } = weightsOf(view, s, lane)!;
    return view.rows(s).filter(a => a !== lane && axes.includes(a));
  }
  return undefined;
}
