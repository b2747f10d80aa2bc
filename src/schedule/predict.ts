// How long a kernel with a schedule will take on a machine, and why: multiply-adds, loads and chains of the register tile, what is left over
// at edges, and bytes from each level of the cache. It ranks schedules; what a machine really does is measured.
import { bytesOf } from "../ir/dtypes.js";
import type { Axis, Kernel, Node, NodeOf } from "../ir/tile.js";
import { isTensor } from "../ir/tile.js";
import { work } from "./blocks.js";
import { isContraction } from "./contraction.js";
import { fuseNamed } from "./fusion.js";
import type { MachineProfile, ScheduleFeatures } from "./machine-profile.js";
import { tileLimits } from "./machine-profile.js";
import type { Schedule, StageSchedule } from "./schedule.js";
import { fits, cycles as tileCycles } from "./tiles.js";
import type { SinkView } from "./view.js";
import { KernelView } from "./view.js";

export interface PredictOptions {
  readonly profile: MachineProfile;
  readonly features: ScheduleFeatures;
  readonly threads: number;
  readonly sizeOf: ConstructorParameters<typeof KernelView>[1];
}
/** Bytes that one run moves into registers and out of each level, threads together. */
export interface Traffic {
  readonly registers: number;
  readonly l2: number;
  readonly memory: number;
}
export interface StagePrediction {
  readonly id: string;
  readonly rows: number;
  readonly vectors: number;
  /** vector registers that the tile holds: accumulators, the lane operand and one splat */
  readonly registers: number;
  /** of the arithmetic that is done, what was asked for: less than 1 where tiles run over edges */
  readonly filling: number;
}
export interface Prediction {
  readonly timeMs: number;
  readonly blocks: number;
  /** cycles of one core: all blocks together */
  readonly cycles: { readonly arithmetic: number; readonly traffic: number; readonly overhead: number };
  readonly bytes: Traffic;
  readonly stages: readonly StagePrediction[];
}

/** bytes a cycle and core; streams from the second level are mostly fetched ahead */
const L2_BYTES_PER_CYCLE = 20;
const MEMORY_BYTES_PER_CYCLE = 5;
/** what is left for operands in a cache that other data share */
const USABLE = 0.7;
/** cycles: a register tile begins and ends, a block is claimed, a turn of a loop that is not unrolled */
const TILE_CYCLES = 20;
const BLOCK_CYCLES = 600;
const TURN_CYCLES = 1;
/** a tile that does not stay in registers */
const SPILLED = 2;

/** Predicts schedules of one kernel; what does not hang on the schedule is found once. */
export class Predictor {
  readonly #kernel: Kernel;
  readonly #options: PredictOptions;
  readonly #views = new Map<string, { readonly view: KernelView; readonly work: number }>();

  constructor(kernel: Kernel, options: PredictOptions) {
    this.#kernel = kernel;
    this.#options = options;
  }
  predict(schedule: Schedule): Prediction {
    const { profile, sizeOf } = this.#options;
    const key = JSON.stringify([schedule.fuse, schedule.place]);
    let known = this.#views.get(key);
    if (!known) {
      const view = new KernelView(this.#kernel, sizeOf, profile.lanes);
      fuseNamed(view, schedule.fuse);
      Object.assign(view.places, schedule.place);
      known = { view, work: work(view, profile) };
      this.#views.set(key, known);
    }
    return new Predicting(known.view, known.work, schedule, this.#options).result();
  }
}

class Predicting {
  readonly #view: KernelView;
  readonly #work: number;
  readonly #schedule: Schedule;
  readonly #options: PredictOptions;
  readonly #cycles = { arithmetic: 0, traffic: 0, overhead: 0 };
  readonly #bytes = { registers: 0, l2: 0, memory: 0 };
  readonly #stages: StagePrediction[] = [];

  constructor(view: KernelView, work: number, schedule: Schedule, options: PredictOptions) {
    this.#view = view;
    this.#work = work;
    this.#schedule = schedule;
    this.#options = options;
  }

  result(): Prediction {
    const view = this.#view;
    const { profile, threads } = this.#options;
    let contracted = 0;
    for (const s of view.sinks())
      for (const n of view.own(s.value))
        if (n.kind === "reduce" && isContraction(n)) contracted += this.#contraction(s, n);
    // everything else: one operation a lane, as the choice of blocks counts it
    this.#cycles.arithmetic += Math.max(0, this.#work - contracted / (profile.lanes * profile.fmasPerCycle));
    this.#wholeTensors();
    const blocks = this.#blocks();
    this.#cycles.overhead += blocks * BLOCK_CYCLES;
    const { arithmetic, traffic, overhead } = this.#cycles;
    // loads ahead of their use hide behind arithmetic, but not wholly
    const all = Math.max(arithmetic, traffic) + 0.3 * Math.min(arithmetic, traffic) + overhead;
    const rounds = Math.ceil(blocks / threads);
    return {
      timeMs: ((all / blocks) * rounds) / (profile.gigahertz * 1e6),
      blocks,
      cycles: this.#cycles,
      bytes: this.#bytes,
      stages: this.#stages,
    };
  }

  #blockOf(a: Axis): number {
    const extent = Math.max(1, this.#view.extent(a));
    return Math.min(extent, this.#schedule.block[this.#nameOf(a)] ?? extent);
  }
  #nameOf(a: Axis): string {
    return this.#view.names.axis(a);
  }
  #blocks(): number {
    return this.#view
      .axes(this.#view.kernel.grid)
      .reduce((n, a) => n * Math.ceil(Math.max(1, this.#view.extent(a)) / this.#blockOf(a)), 1);
  }

  /** Adds what a contraction costs; gives the products that it has to add up. */
  #contraction(s: SinkView, n: NodeOf<"reduce">): number {
    const view = this.#view;
    const { profile } = this.#options;
    const stage: StageSchedule = this.#schedule.stage[s.id] ?? {};
    const axes = view.axes(n.axes);
    const over = view.axes(n.over);
    const depth = over.reduce((p, a) => p * this.#turn(a), 1);
    const lane = axes.find(a => this.#nameOf(a) === stage.lane);
    const row = axes.find(a => stage.rows?.[this.#nameOf(a)] !== undefined);
    const repeats = view.volume(over) / Math.max(1, depth);
    const products = view.volume([...axes, ...over]);
    if (!lane) {
      this.#cycles.arithmetic += products / profile.lanes;
      return products;
    }
    const vectors = stage.vectors ?? 2;
    const width = vectors * profile.lanes;
    const [N, M] = [lane, row].map(a => (a ? Math.max(1, view.extent(a)) : 1)) as [number, number];
    const [blockN, blockM] = [lane, row].map(a => (a ? this.#blockOf(a) : 1)) as [number, number];
    const others = axes.filter(a => a !== lane && a !== row).reduce((p, a) => p * view.extent(a), 1);
    const times = others * repeats;
    const laneTiles = tilesAlong(N, blockN, width);
    const pieces = row ? stage.rows![this.#nameOf(row)]! : [1];
    let rowTiles = 0;
    let tile = 0;
    for (const [rows, count] of piecesAlong(M, blockM, pieces)) {
      rowTiles += count;
      tile += count * (this.#stepCycles(rows, vectors) * depth + TILE_CYCLES + rows * vectors);
    }
    this.#cycles.arithmetic += tile * laneTiles * times;
    const main = pieces[0]!;
    this.#stages.push({
      id: s.id,
      rows: main,
      vectors,
      registers: main * vectors + (main > 1 ? vectors : 1) + 1,
      filling: products / Math.max(1, laneTiles * width * M * times * depth),
    });
    this.#panels(n, { depth, width, blockN, N, rowTiles, laneTiles, times, main });
    return products;
  }
  /** indices of a reduced axis in one turn of the fold around it */
  #turn(a: Axis): number {
    const isFold = this.#view.names.folds.some(f => f.axis === a);
    return isFold ? this.#blockOf(a) : this.#view.extent(a);
  }
  #stepCycles(rows: number, vectors: number): number {
    const { profile, features } = this.#options;
    const { unroll } = this.#schedule;
    const stays = fits(rows, vectors, { profile, features }) && unroll <= tileLimits[features.tileProfile].unroll;
    return (tileCycles(rows, vectors, { profile }) + TURN_CYCLES / Math.max(1, unroll)) * (stays ? 1 : SPILLED);
  }

  /** The lane operand of a block is walked once for each tile of rows, the rows of a tile once for each panel. */
  #panels(n: NodeOf<"reduce">, t: PanelWalk): void {
    const { profile } = this.#options;
    const element = Math.max(...n.args.map(a => bytesOf(a.dtype)));
    const perTile = t.depth * element;
    const panel = Math.min(t.blockN, t.N) * perTile;
    const rows = t.main * perTile;
    this.#bytes.registers += t.rowTiles * t.laneTiles * t.times * (t.width + t.main) * perTile;
    const walked = t.rowTiles * Math.ceil(t.N / t.blockN) * t.times * panel;
    const isNear = panel + rows <= USABLE * profile.l1Bytes;
    // rows come once for a block where they stay beside a panel of one tile
    const rowsStay = rows + t.width * perTile <= USABLE * profile.l1Bytes;
    const rowBytes = t.rowTiles * t.times * rows * (rowsStay ? Math.ceil(t.N / t.blockN) : t.laneTiles);
    const far = panel > USABLE * profile.l2Bytes ? walked : 0;
    const near = (isNear ? 0 : walked - far) + rowBytes;
    this.#bytes.l2 += near;
    this.#bytes.memory += far;
    this.#cycles.traffic += near / L2_BYTES_PER_CYCLE + far / MEMORY_BYTES_PER_CYCLE;
  }
  /** Each tensor comes from memory once, and again for blocks of axes that it lacks, unless it fits into the cache between them. */
  #wholeTensors(): void {
    const view = this.#view;
    const { profile } = this.#options;
    const grid = view.axes(view.kernel.grid);
    const seen = new Set<unknown>();
    const count = (
      tensor: { readonly dims: readonly Parameters<KernelView["size"]>[0][] },
      bytes: number,
      of: Node,
    ): void => {
      if (seen.has(tensor)) return;
      seen.add(tensor);
      const own = tensor.dims.reduce((p, d) => p * view.size(d), bytes);
      const lacking = grid.filter(a => !view.axes(of.axes).includes(a));
      const again =
        own <= USABLE * profile.l2Bytes
          ? 1
          : lacking.reduce((p, a) => p * Math.ceil(view.extent(a) / this.#blockOf(a)), 1);
      // what the second level does not hold for the next block, the third mostly does
      this.#bytes.memory += own * again;
      this.#cycles.traffic += (own + (own * (again - 1)) / 3) / MEMORY_BYTES_PER_CYCLE;
    };
    for (const n of view.names.values)
      if (n.kind === "load" && isTensor(n.tensor)) count(n.tensor, bytesOf(n.dtype), n);
    for (const s of view.sinks()) if (s.store) count(s.store.tensor, bytesOf(s.dtype), s.value);
  }
}

interface PanelWalk {
  readonly depth: number;
  readonly width: number;
  readonly blockN: number;
  readonly N: number;
  readonly rowTiles: number;
  readonly laneTiles: number;
  readonly times: number;
  readonly main: number;
}

/** Tiles along an axis that is cut into blocks first. */
function tilesAlong(extent: number, block: number, tile: number): number {
  const whole = Math.floor(extent / block);
  return whole * Math.ceil(block / tile) + Math.ceil((extent % block) / tile);
}
/** How many tiles of each number of rows: as many of the first piece as fit, then of the next; single rows last. */
function piecesAlong(extent: number, block: number, pieces: readonly number[]): [rows: number, count: number][] {
  const counts = new Map<number, number>();
  const add = (size: number, times: number): void => {
    let left = size;
    for (const p of pieces.at(-1) === 1 ? pieces : [...pieces, 1]) {
      const n = Math.floor(left / p);
      left -= n * p;
      if (n && times) counts.set(p, (counts.get(p) ?? 0) + n * times);
    }
  };
  add(block, Math.floor(extent / block));
  add(extent % block, 1);
  return [...counts];
}
