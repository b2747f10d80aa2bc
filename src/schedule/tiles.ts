// The register tile of a stage: rows × vectors, chosen by cycles per reduced element. A tile is bound by multiply-adds, by loads, or by
// the latency of its own chains of additions when it has too few accumulators.
import { bytesOf } from "../ir/dtypes.js";
import type { Axis, Node, NodeOf } from "../ir/tile.js";
import { isTensor, reach } from "../ir/tile.js";
import { isContraction } from "./contraction.js";
import type { StageChoice } from "./choices.js";
import type { MachineProfile, ScheduleFeatures } from "./machine-profile.js";
import { MOST_ACCUMULATORS, tileLimits } from "./machine-profile.js";
import type { StageSchedule } from "./schedule.js";
import { tallWindows } from "./tall-windows.js";
import { type KernelView, type SinkView, UNKNOWN_SIZE } from "./view.js";

export interface TileOptions {
  readonly profile: MachineProfile;
  readonly features: ScheduleFeatures;
}

export function stageOf(
  view: KernelView,
  s: SinkView,
  lane: string | undefined,
  options: TileOptions,
  choice: StageChoice = {},
): StageSchedule {
  const rows = view.rows(s);
  const laneAxis = rows.find(a => view.names.axis(a) === lane);
  const reduces = view.reductions(s);
  const named = lane === undefined ? {} : { lane };
  const chosen = choice.vectors === undefined ? {} : { vectors: choice.vectors };
  if (!laneAxis) return { ...named, vectors: 2, ...chosen, ...innerProducts(view, s, options) };
  if (reduces.length === 0) {
    const woven = wovenAxis(view, s, laneAxis);
    if (!woven) return { ...named, ...elementwise(view.cost(s.value)), ...chosen };
    const order = [...rows.filter(a => a !== woven && a !== laneAxis), woven].map(a => view.names.axis(a));
    return { ...named, vectors: 1, ...chosen, tail: "peel", rows: { [order.at(-1)!]: [view.extent(woven)] }, order };
  }
  const row = rows.find(a => view.names.axis(a) === choice.row) ?? sharingAxis(view, s, reduces, laneAxis);
  const contracts = reduces.some(isContraction);
  // without rows it is matrix × vector or a sum of rows: bound by latency unless many vectors are on their way
  const shares = sharesVectors(view, reduces, laneAxis);
  const best =
    contracts || !row ? bestTile(view, row, laneAxis, options, shares) : windowTile(view, row, laneAxis, options);
  if (!row) {
    const vectors = Math.min(best.vectors, Math.max(1, Math.floor(view.extent(laneAxis) / view.lanes)));
    return { ...named, vectors, ...chosen, tail: "mask" };
  }
  const tile = chosenTile(view, row, best, choice);
  const order = [...rows.filter(a => a !== row && a !== laneAxis), row].map(a => view.names.axis(a));
  const name = view.names.axis(row);
  return {
    ...named,
    vectors: tile.vectors,
    tail: "mask",
    rows: { [name]: tile.rows },
    order,
    ...(contracts || choice.rows || tileLimits[options.features.tileProfile].loadsFirst
      ? {}
      : tallWindows(view, s, reduces, row, laneAxis)),
  };
}

/**
 * Lanes along the reduced axis: a vector of an operand serves all rows that the other has alone, so a tile of those. Its sums are added across lanes at the end, which
 * a long sum does not feel, and no lane is idle where a result has few columns (convolutions to the three channels of an image).
 */
function innerProducts(
  view: KernelView,
  s: SinkView,
  options: TileOptions,
): Pick<StageSchedule, "rows" | "order" | "vectors"> {
  const [a, b] = rowsOfProducts(view, s);
  if (!a) return {};
  const [R, Q] = [Math.max(1, view.extent(a)), b ? Math.max(1, view.extent(b)) : 1];
  let best: readonly [number, number] = [1, 1];
  let least = Number.POSITIVE_INFINITY;
  for (let p = Math.min(6, R); p >= 1; p--)
    for (let q = Math.min(6, Q); q >= 1; q--) {
      if (!fits(p, q, options)) continue;
      const cost = Math.ceil(R / p) * Math.ceil(Q / q) * cycles(p, q, options);
      if (cost < least) [least, best] = [cost, [p, q]];
    }
  const pieces = (x: Axis, main: number): readonly number[] =>
    piecesOf(main, x.extent.isConst ? view.extent(x) % main : undefined);
  const nameOf = (x: Axis): string => view.names.axis(x);
  const others = view.rows(s).filter(x => x !== a && x !== b);
  return {
    // all accumulators are rows, whatever a tuner wants for sums of one
    vectors: 1,
    rows: { [nameOf(a)]: pieces(a, best[0]), ...(b ? { [nameOf(b)]: pieces(b, best[1]) } : {}) },
    order: [...others, ...(b ? [b] : []), a].map(nameOf),
  };
}
/**
 * Of the one product that a stage sums up: the longest row of each operand that the other lacks, the longer of the two first. One of them where constants are the same for
 * all results (a convolution to one channel); none of other sums.
 */
export function rowsOfProducts(view: KernelView, s: SinkView): readonly Axis[] {
  const [n, ...more] = view.reductions(s).filter(r => r.args.length === 2);
  if (!n || more.length > 0) return [];
  const rows = view.rows(s);
  const longest = (own: Node, other: Node): Axis | undefined => {
    const [x, y] = [view.axes(own.axes), view.axes(other.axes)];
    const able = rows.filter(a => x.includes(a) && !y.includes(a));
    return able.reduce<Axis | undefined>((b, a) => (b && view.extent(b) > view.extent(a) ? b : a), undefined);
  };
  const [x, y] = n.args as readonly [Node, Node];
  const [a, b] = [longest(x, y), longest(y, x)];
  if (a && b) return view.extent(a) < view.extent(b) ? [b, a] : [a, b];
  const same = a ? y : x;
  const isShared = same.kind === "load" && isTensor(same.tensor) && same.tensor.constant;
  return isShared && (a ?? b) && !rows.some(r => same.axes.includes(r)) ? [(a ?? b)!] : [];
}

/** Does a vector that is read become several elements of a contraction, as a word of four bits' numbers does? */
function sharesVectors(view: KernelView, reduces: readonly NodeOf<"reduce">[], lane: Axis): boolean {
  const isShared = (n: Node, over: readonly Axis[]): boolean =>
    n.kind === "load" &&
    isTensor(n.tensor) &&
    view.axes(n.axes).includes(lane) &&
    over.some(a => !view.axes(n.axes).includes(a));
  return reduces.some(
    r => isContraction(r) && r.args.some(a => a.kind !== "load" && reach([a]).some(n => isShared(n, r.over))),
  );
}

/** the last row along which something that varies with the lane is used again */
export function sharingAxis(
  view: KernelView,
  s: SinkView,
  reduces: readonly NodeOf<"reduce">[],
  lane: Axis,
): Axis | undefined {
  const operands = reduces.flatMap(n => n.args).filter(a => view.axes(a.axes).includes(lane));
  const shares = view.rows(s).filter(a => a !== lane && operands.some(x => !view.axes(x.axes).includes(a)));
  const best = shares.filter(a => view.extent(a) > 1);
  // blocks of a batch are points: rows are those axes that move through the image or the matrix
  return (best.length ? best : shares).reduce<Axis | undefined>(
    (b, a) => (b && view.extent(b) > 4 * view.extent(a) ? b : a),
    undefined,
  );
}

function chosenTile(view: KernelView, row: Axis, best: Tile, { rows, vectors = best.vectors }: StageChoice): Tile {
  if (rows === undefined) return { ...best, vectors };
  const size = view.extent(row);
  const main = Math.min(rows, Math.max(1, size));
  return { rows: piecesOf(main, row.extent.isConst ? size % main : undefined), vectors };
}

/** from so many rows on, what is left of them does not decide */
const MANY_ROWS = 64;
/** what another tile than the usual one has to gain: every kind of tile is code of its own */
const BETTER = 0.95;

interface Tile {
  readonly rows: readonly number[];
  readonly vectors: number;
}
function bestTile(view: KernelView, row: Axis | undefined, lane: Axis, options: TileOptions, shares: boolean): Tile {
  // a tile for one row would serve no other number of them
  const R = !row ? 1 : view.isGuessed(row) ? UNKNOWN_SIZE : view.extent(row);
  const N = view.extent(lane);
  const known = row?.extent.isConst ?? true;
  let best: Tile = { rows: [1], vectors: 1 };
  let least = Number.POSITIVE_INFINITY;
  for (const v of [2, 1, 3, 4, 6, 8]) {
    if (v > 1 && (v - 1) * view.lanes >= N) continue;
    for (let p = Math.min(6, Math.max(1, R)); p >= 1; p--) {
      if (!fits(p, v, options, shares)) continue;
      const rows = piecesOf(p, known ? R % p : undefined);
      const turns = Math.ceil(N / (view.lanes * v));
      // many rows: what is left of them does not decide, so that sizes of a network agree on one tile and share code
      const main = known || R < MANY_ROWS ? Math.floor(R / p) : R / p;
      const rest = known || R < MANY_ROWS ? restCycles(rows.slice(1), R % p, v, options) : 0;
      const cost = turns * (main * cycles(p, v, options) + rest);
      if (cost < least * BETTER) {
        least = cost;
        best = { rows, vectors: v };
      }
    }
  }
  return best;
}
/**
 * Accumulators, the vectors of the lane operand and one splat, or all of them, live in registers; one more is left to the engine. What a
 * single row reads is used once: it need not stay, unless several elements are made of it (`shares`), with a constant and two values on the way.
 */
export function fits(rows: number, vectors: number, { profile, features }: TileOptions, shares = false): boolean {
  const { loadsFirst } = tileLimits[features.tileProfile];
  const accumulators = rows * vectors;
  // without fused multiply-adds each product needs a register of its own for a moment
  const temporaries = (features.relaxedSimd ? 0 : 1) + (shares ? 3 : 0);
  const splats = loadsFirst ? rows : 1;
  const operands = loadsFirst || rows > 1 || shares ? vectors : 1;
  const most = features.relaxedSimd ? MOST_ACCUMULATORS : 8;
  return accumulators <= most && accumulators + operands + splats + temporaries <= profile.vectorRegisters - 1;
}
export function cycles(rows: number, vectors: number, { profile }: Pick<TileOptions, "profile">): number {
  const bound = Math.max(
    (rows * vectors) / profile.fmasPerCycle,
    (rows + vectors) / profile.loadsPerCycle,
    profile.fmaLatency,
  );
  // loads compete with multiply-adds for issue slots: the tile with fewer of them wins a tie
  return bound + 0.05 * (rows + vectors);
}
function restCycles(pieces: readonly number[], left: number, vectors: number, options: TileOptions): number {
  let rest = left;
  let cost = 0;
  for (const p of pieces) {
    cost += Math.floor(rest / p) * cycles(p, vectors, options);
    rest %= p;
  }
  return cost;
}
/** what is left after the main piece: known, one piece for all of it; unknown, halves */
function piecesOf(main: number, rest: number | undefined): number[] {
  if (rest === 0) return [main];
  if (rest !== undefined) return [main, rest];
  return [main, ...[2, 1].filter(p => p < main)];
}

/**
 * A window is written out tap by tap, so each row and column of pixels needs its own address: two vectors share one, and four pixels
 * still fill the pipelines (8 accumulators: 47 % of peak on Zen 1, six pixels of one vector 39 %). Where all loads come first, two
 * vectors of every tap do not fit.
 */
function windowTile(view: KernelView, row: Axis | undefined, lane: Axis, { features }: TileOptions): Tile {
  const vectors = tileLimits[features.tileProfile].loadsFirst || view.extent(lane) < 8 ? 1 : 2;
  const most = Math.min(vectors === 2 ? 4 : 6, row ? Math.max(1, view.extent(row)) : 1);
  return { rows: [...new Set([most, Math.min(most, 2), 1])], vectors };
}
/** An axis of two or four that lies innermost in what is written, the lane around it: all of it in one tile, vectors are woven into whole stores. */
function wovenAxis(view: KernelView, s: SinkView, lane: Axis): Axis | undefined {
  const { store } = s;
  if (!store || bytesOf(s.dtype) !== 4 || !isCheap(view.cost(s.value))) return undefined;
  const stride = (a: Axis): number | undefined => view.strideOf(store.tensor, store.index, a);
  return view.rows(s).find(a => {
    const size = a.extent.isConst ? a.extent.constant : 0;
    return (size === 2 || size === 4) && size <= view.lanes && stride(a) === 4 && stride(lane) === 4 * size;
  });
}
/** Dear ones in one body whose last turn runs over the end, cheap ones with longer turns. */
const elementwise = (cost: number): StageSchedule =>
  isCheap(cost) ? { vectors: 4, tail: "peel" } : { vectors: 2, tail: "mask" };
const isCheap = (cost: number): boolean => cost <= 12;

/** loads of a stage's reductions that run along the lane: what is worth a layout of its own */
export function laneLoads(view: KernelView, s: SinkView, lane: Axis): NodeOf<"load">[] {
  const reduces = view.reductions(s);
  return reduces
    .flatMap(n => n.args)
    .filter((a): a is NodeOf<"load"> => a.kind === "load" && isTensor(a.tensor) && view.axes(a.axes).includes(lane));
}
