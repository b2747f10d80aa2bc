// The schedules among which a tuner chooses: register tiles of every stage, blocks of the grid and of folds, the order of blocks, unrolled
// turns. All are legal and compute the same. Not here: which axis lies in lanes, what is fused, packed and kept; these are derived.
import type { Axis, Kernel } from "../ir/tile.js";
import type { ScheduleChoices, StageChoice } from "./choices.js";
import { joinChoices } from "./choices.js";
import { isContraction } from "./contraction.js";
import type { DeriveOptions } from "./derive.js";
import { deriveSchedule, viewFor } from "./derive.js";
import { fuseNamed } from "./fusion.js";
import { genericProfile, tileLimits } from "./machine-profile.js";
import type { Schedule, StageSchedule } from "./schedule.js";
import { crossedAxes } from "./verify.js";
import type { KernelView } from "./view.js";

export interface Candidate {
  readonly choices: ScheduleChoices;
  readonly schedule: Schedule;
}

const ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12];
const VECTORS = [1, 2, 3, 4, 6, 8];
/** sizes of a block: so many units, and the whole axis */
const BLOCK_STEPS = 3;
const FOLD_BLOCKS = [64, 128, 256, 512];
/** beyond so many, stages take the same number of vectors */
const MOST_TILES = 120;
/** more blocks than this are not worth claiming */
const MOST_BLOCKS = 8192;

/** The first is what the compiler derives by itself; no two are equal. */
export function scheduleSpace(kernel: Kernel, options: DeriveOptions = {}): Candidate[] {
  const derived = deriveSchedule(kernel, options);
  const found = new Map<string, Candidate>();
  const add = (choices: ScheduleChoices, schedule: Schedule): void => {
    const key = JSON.stringify(schedule, sortedKeys);
    if (!found.has(key)) found.set(key, { choices, schedule });
  };
  add({}, derived);
  for (const tiles of tileChoices(kernel, derived, options)) {
    const base = deriveSchedule(kernel, { ...options, choices: tiles });
    for (const choices of blockChoices(kernel, base, options)) {
      const { block, order, unroll } = choices;
      const blocks: Record<string, number> = { ...base.block };
      for (const [axis, size] of Object.entries(block ?? {}))
        if (size === "whole") delete blocks[axis];
        else blocks[axis] = size;
      const { order: before, ...others } = base;
      const now = order ?? before;
      add(joinChoices(tiles, choices), {
        ...others,
        block: blocks,
        ...(now?.length ? { order: now } : {}),
        unroll: unroll ?? base.unroll,
      });
    }
  }
  return [...found.values()];
}

const sortedKeys = (_: string, value: unknown): unknown =>
  Object(value) === value && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const product = <T>(lists: readonly (readonly T[])[]): T[][] =>
  lists.reduce<T[][]>((all, list) => all.flatMap(head => list.map(x => [...head, x])), [[]]);

const viewOf = (kernel: Kernel, schedule: Schedule, options: DeriveOptions): KernelView => {
  const view = viewFor(kernel, options);
  fuseNamed(view, schedule.fuse);
  Object.assign(view.places, schedule.place);
  return view;
};

/** Register tiles of all stages together: those along one axis take the same number of its rows. */
function tileChoices(kernel: Kernel, derived: Schedule, options: DeriveOptions): ScheduleChoices[] {
  const view = viewOf(kernel, derived, options);
  const registers = (options.profile ?? genericProfile).vectorRegisters;
  const sinks = view.sinks();
  const contracts = new Set(sinks.filter(s => view.own(s.value).some(isContraction)).map(s => s.id));
  const stages = Object.entries(derived.stage).filter(([id]) => contracts.size === 0 || contracts.has(id));
  const rowOf = (s: StageSchedule): string | undefined => Object.keys(s.rows ?? {})[0];
  const axis = new Map(sinks.flatMap(s => view.axes(s.axes)).map(a => [view.names.axis(a), a]));
  const extent = (name: string | undefined): number => {
    const a = name === undefined ? undefined : axis.get(name);
    return a ? Math.max(1, view.extent(a)) : Number.POSITIVE_INFINITY;
  };
  const rowAxes = [...new Set(stages.map(([, s]) => rowOf(s)))];
  const rowCounts = rowAxes.map(name => (name === undefined ? [1] : ROWS.filter(p => p === 1 || p <= extent(name))));
  const choices = (tied: boolean): ScheduleChoices[] =>
    product(rowCounts).flatMap(counts => {
      const perStage = stages.map(([id, s]): [string, StageChoice][] => {
        const name = rowOf(s);
        const rows = counts[rowAxes.indexOf(name)]!;
        return VECTORS.filter(v => v === 1 || (v - 1) * view.lanes < extent(s.lane))
          .filter(v => rows * v + (rows > 1 ? v : 1) + 1 <= registers)
          .map(vectors => [id, { ...(name === undefined ? {} : { rows }), vectors }]);
      });
      return product(perStage)
        .filter(list => !tied || list.every(([, c]) => c.vectors === list[0]![1].vectors))
        .map(list => ({ stage: Object.fromEntries(list) }));
    });
  const all = choices(false);
  return all.length > MOST_TILES ? choices(true) : all;
}

function blockChoices(kernel: Kernel, base: Schedule, options: DeriveOptions): ScheduleChoices[] {
  const view = viewOf(kernel, base, options);
  const crossed = new Set(view.axes([...crossedAxes(view.names)]));
  const grid = view.axes(kernel.grid).filter(a => !crossed.has(a));
  const stages = Object.values(base.stage);
  const tiled = grid.filter(a => stages.some(s => s.lane === nameOf(a) || s.rows?.[nameOf(a)] !== undefined));
  function nameOf(a: Axis): string {
    return view.names.axis(a);
  }
  const folds = view.names.folds.filter(f => !f.steps).map(f => f.axis);
  const sizes = [
    ...tiled.map(a =>
      sizesOf(view.extent(a), unitOf(nameOf(a), base, view.lanes), base.block[nameOf(a)]).map(
        size => [nameOf(a), size] as const,
      ),
    ),
    ...folds.map(a =>
      FOLD_BLOCKS.filter((n, i) => i === 0 || n < 2 * view.extent(a)).map(size => [nameOf(a), size] as const),
    ),
  ];
  const limits = tileLimits[options.features?.tileProfile ?? "v8-modern"];
  const unrolls = stages.some(s => s.rows) ? [1, 2, 4].filter(n => n <= 2 * limits.unroll) : [base.unroll];
  const blocksOf = (block: ReadonlyMap<string, number | "whole">): number =>
    grid.reduce((n, a) => {
      const size = block.get(nameOf(a)) ?? base.block[nameOf(a)] ?? "whole";
      return size === "whole" ? n : n * Math.ceil(view.extent(a) / size);
    }, 1);
  return product(sizes)
    .map(list => new Map(list))
    .filter(block => blocksOf(block) <= MOST_BLOCKS)
    .flatMap(block => {
      const blocked = grid.filter(a => {
        const size = block.get(nameOf(a)) ?? base.block[nameOf(a)] ?? "whole";
        return size !== "whole" && size < view.extent(a);
      });
      return ordersOf(blocked.map(nameOf), grid.map(nameOf)).flatMap(order =>
        unrolls.map(unroll => ({ block: Object.fromEntries(block), order, unroll })),
      );
    });
}

/** Blocks in the order of the grid, or with one blocked axis slowest. */
function ordersOf(blocked: readonly string[], grid: readonly string[]): string[][] {
  if (blocked.length < 2) return [[]];
  return [[], ...blocked.slice(1).map(slow => grid.filter(name => name !== slow))];
}

/** blocks keep whole register tiles */
function unitOf(name: string, schedule: Schedule, lanes: number): number {
  return Object.values(schedule.stage).reduce((unit, s) => {
    const own = s.lane === name ? (s.vectors ?? 1) * lanes : (s.rows?.[name]?.[0] ?? 1);
    return Math.max(unit, own);
  }, 1);
}

function sizesOf(extent: number, unit: number, derived: number | undefined): (number | "whole")[] {
  const units = Math.ceil(extent / unit);
  const steps = [
    ...new Set(Array.from({ length: BLOCK_STEPS }, (_, i) => Math.max(1, Math.round(units / 2 ** (1 + i))))),
  ];
  const sizes = new Set<number | "whole">(steps.map(n => n * unit).filter(n => n < extent));
  if (derived !== undefined && derived < extent) sizes.add(derived);
  return ["whole", ...sizes];
}
