// A region's sinks become stages, a stage becomes one loop nest: rows in pieces, the lane axis, and inside them what values need.
import { opaque, Poly, Sym } from "../../ir/poly.js";
import type { Axis, Combine, Fold, Node, Store } from "../../ir/tile.js";
import { axesOf, children, gathersIn, reach, reachCells } from "../../ir/tile.js";
import { axesOfStore, isSeparate } from "../../ir/walk.js";
import { isContraction } from "../../schedule/contraction.js";
import { storageOrder } from "../../schedule/names.js";
import type { StageSchedule } from "../../schedule/schedule.js";
import { AzulejoError } from "../../support/errors.js";
import { cell } from "./cells.js";
import { fitsLane } from "./convert.js";
import { laneLoop, rowLoop, unsettled } from "./lanes.js";
import { newBuffer, planOf } from "./loads.js";
import { inlineOf, isInMemory, mayOverrun } from "./overrun.js";
import type { Expr } from "./loop.js";
import { add, int, larger, lesser, read, select } from "./loop.js";
import { tileOffsets } from "./reductions.js";
import type { Buffer, Lowering, Offsets, Sink } from "./state.js";
import { isChecked, storeTile } from "./stores.js";

export function storeSink(l: Lowering, s: Store): Sink {
  const storage = l.storageOf(s.tensor);
  const form = l.form(storage, s.index, storage.base);
  const axes = l.axes({ axes: axesOfStore(s) });
  const strict = s.index.flatMap((p, d) =>
    [...p.syms].some(x => x.def?.op === "value") ? [{ index: p, form: l.indexForm(p), size: s.tensor.dims[d]! }] : [],
  );
  const { combine, when } = s;
  const gathers = s.index.flatMap(gathersIn);
  const joins = combine && { combine, meeting: axes.filter(a => !isSeparate(s, a)) };
  const how = {
    ...joins,
    ...(when ? { when } : {}),
    ...(s.tensor.role === "inout" ? { overwrites: s.tensor } : {}),
  };
  return {
    name: s.tensor.name,
    value: s.value,
    axes,
    form,
    dtype: s.tensor.dtype,
    checks: [],
    strict,
    gathers,
    ...how,
  };
}
/** Do several axes say in which order writes meet? Then they follow each other one by one. */
const isOneByOne = (s: Sink): boolean => (s.meeting?.length ?? 0) > 1;
/** Everything that writing a sink computes. */
const rootsOfSink = (s: Sink): Node[] => [s.value, ...(s.when ? [s.when] : []), ...(s.gathers ?? [])];
export function bufferSink(name: string, value: Node, b: Buffer, kept: boolean): Sink {
  return { name, value, axes: b.axes, form: b.form, dtype: b.storage.dtype, checks: [], ...(kept ? { kept: b } : {}) };
}

/** Everything that the sinks need, up to what is in memory already. */
export const neededBy = (l: Lowering, roots: readonly Node[]): Node[] =>
  reachCells(roots, n => l.buffers.get(n)?.ready ?? false);
/** the same without what loops of elements compute, whose reductions are no affair of the stage */
const ownOf = (l: Lowering, root: Node): Node[] => inlineOf(l, root).filter(n => !l.inElements.has(n));
const inlineContraction = (l: Lowering, s: Sink): boolean =>
  ownOf(l, s.value).some(n => isContraction(n) && (n === s.value || !l.buffers.has(n)));

export function lowerRegion(l: Lowering, stores: readonly Sink[], lowerFold: (f: Fold) => void): void {
  const was = l.region;
  l.region = l.b.scope;
  const roots = stores.flatMap(rootsOfSink);
  for (const n of neededBy(l, roots))
    if (n.kind === "result" && !n.fold.cells && !l.states.has(n.fold)) lowerFold(n.fold);
  for (const group of plannedStages(l, stores)) lowerStage(l, group);
  l.region = was;
}

/** Stages of the region with buffers for what is placed in it; what several stages read is kept for all rows. */
function plannedStages(l: Lowering, stores: readonly Sink[]): Sink[][] {
  const outer = new Set(l.buffers.keys());
  const { scratchBytes } = l;
  const wide = new Set<Node>();
  for (;;) {
    const groups = stagesOf(l, withBuffers(l, stores, wide));
    const torn = groups.flatMap(g => g.filter(s => isTorn(l, s, g, groups)));
    if (torn.length === 0) return groups;
    for (const s of torn) wide.add(s.value);
    for (const n of [...l.buffers.keys()]) if (!outer.has(n)) l.buffers.delete(n);
    l.scratchBytes = scratchBytes;
  }
}
/** Has the buffer room for one row, while a stage of another loop reads it? */
function isTorn(l: Lowering, s: Sink, own: readonly Sink[], groups: readonly (readonly Sink[])[]): boolean {
  const { kept } = s;
  if (!kept || s.axes.every(a => kept.axes.includes(a))) return false;
  return groups.some(g => g !== own && g.some(t => rootsOfSink(t).some(r => inlineOf(l, r).includes(s.value))));
}

function withBuffers(l: Lowering, stores: readonly Sink[], wide: ReadonlySet<Node>): Sink[] {
  let sinks = [...stores];
  for (const n of neededBy(l, sinks.flatMap(rootsOfSink))) {
    const place = placeOf(l, n);
    if (l.buffers.has(n) || !place) continue;
    const own = rowAxes(l, { axes: l.axes(n), value: n });
    const stages = [l.names.value(n), ...sinks.map(s => s.name)];
    const rows = place.at === "row" && !wide.has(n) && oneRowAtATime(l, own, stages) ? own : [];
    const axes = storageOrder(l.grid, l.axes(n)).filter(a => !rows.includes(a) && !l.bindings.has(a));
    const panel = place.block && axes.findIndex(a => l.names.axis(a) === place.block![0]);
    const buffer = newBuffer(
      l,
      n.dtype,
      axes,
      "scratch",
      panel !== undefined && panel >= 0 ? { axis: panel, size: place.block![1] } : undefined,
    );
    l.buffers.set(n, buffer);
    const sink = bufferSink(l.names.value(n), n, buffer, true);
    sinks = [{ ...sink, axes: l.axes(n).filter(a => rows.includes(a) || axes.includes(a)) }, ...sinks];
  }
  return sinks;
}
/** A buffer for one row serves stages that have one row open: none in lanes, none in register tiles. */
const oneRowAtATime = (l: Lowering, rows: readonly Axis[], ids: readonly string[]): boolean =>
  ids.every(id => {
    const pin = l.schedule.stage[id];
    return rows.every(a => {
      const name = l.names.axis(a);
      return pin?.lane !== name && (pin?.rows?.[name] ?? [1]).every(n => n === 1);
    });
  });
/** values placed in this region; what is read under other indices has to be */
function placeOf(l: Lowering, n: Node) {
  if (l.inElements.has(n)) return undefined;
  const place = l.schedule.place[l.names.value(n)];
  if (place && (place.at === "region" || place.at === "row")) return place;
  return l.materialized.has(n) && !isInMemory(n) ? ({ at: "region" } as const) : undefined;
}

/** axes of the sink that none of its own reductions runs over */
export function rowAxes(
  l: Lowering,
  s: { readonly axes: readonly Axis[]; readonly value: Node; readonly combine?: Combine },
): readonly Axis[] {
  // the order of its writes is that of its axes, whatever the value sums up
  if (s.combine) return s.axes;
  const over = new Set(ownOf(l, s.value).flatMap(n => (n.kind === "reduce" ? l.axes({ axes: n.over }) : [])));
  return s.axes.filter(a => !over.has(a));
}

/** Contractions alone, neighbours over the same rows together, in the order in which they need each other. */
function stagesOf(l: Lowering, sinks: readonly Sink[]): Sink[][] {
  const byValue = new Map(sinks.filter(s => s.kept).map(s => [s.value, s]));
  const readers = new Map(sinks.map(s => [s, readersOf(l, s, sinks)]));
  const depths = new Map<Sink, number>();
  const depthOf = (s: Sink): number => {
    let d = depths.get(s);
    if (d === undefined) {
      d = 0;
      depths.set(s, 0);
      for (const n of rootsOfSink(s).flatMap(r => (l.buffers.has(r) && r !== s.value ? [r] : inlineOf(l, r)))) {
        const o = n === s.value && s.kept ? undefined : byValue.get(n);
        if (o && o !== s) d = Math.max(d, depthOf(o) + (sharesLoop(l, o, s) ? 0 : 1));
        for (const m of materializedBelow(n)) {
          const other = byValue.get(m);
          if (other && other !== s) d = Math.max(d, depthOf(other) + 1);
        }
      }
      d += inlineContraction(l, s) ? 1 : 0;
      for (const o of readers.get(s)!) d = Math.max(d, depthOf(o) + (isTogether(o, s) ? 0 : 1));
      depths.set(s, d);
    }
    return d;
  };
  const keyOf = (s: Sink): string =>
    `${inlineContraction(l, s)}/${looped(l, rowAxes(l, s))}/${wideAxes(l, s).length > 0 ? "" : looped(l, s.axes)}/${s.combine ? s.name : ""}`;
  /** one loop nest, in which all values of an element are there before one is written */
  const isTogether = (o: Sink, s: Sink): boolean => sharesLoop(l, o, s) || keyOf(o) === keyOf(s);
  const groups = new Map<string, { depth: number; contraction: boolean; sinks: Sink[] }>();
  for (const s of sinks) {
    const depth = depthOf(s);
    for (const o of readers.get(s)!) if (depthOf(o) + (isTogether(o, s) ? 0 : 1) > depth) refuseOrder(l, o, s);
    const key = `${depth}/${keyOf(s)}`;
    const g = groups.get(key);
    if (g) g.sinks.push(s);
    else groups.set(key, { depth, contraction: inlineContraction(l, s), sinks: [s] });
  }
  const stages = sumsOnTheWay(l, [...groups.values()]);
  return stages.sort((a, b) => a.depth - b.depth || Number(b.contraction) - Number(a.contraction)).map(g => g.sinks);
}
/** Other sinks that read what the sink overwrites. */
const readersOf = (l: Lowering, s: Sink, sinks: readonly Sink[]): readonly Sink[] =>
  s.overwrites === undefined
    ? []
    : sinks.filter(
        o =>
          o !== s && rootsOfSink(o).some(r => inlineOf(l, r).some(n => n.kind === "load" && n.tensor === s.overwrites)),
      );
function refuseOrder(l: Lowering, o: Sink, s: Sink): never {
  throw new AzulejoError(
    "kernel",
    `kernel "${l.kernel.name}": "${s.name}" is written and read where "${o.name}" is computed, which has to come after it; write one of them in a kernel of its own`,
  );
}
interface StageGroup {
  readonly depth: number;
  readonly contraction: boolean;
  readonly sinks: Sink[];
}

/** A kept value of a stage of its own, of which the next stage reduces rows, is computed by the loops of that reduction and stored on the way (the weights of attention). */
function sumsOnTheWay(l: Lowering, groups: readonly StageGroup[]): StageGroup[] {
  const joined: StageGroup[] = [];
  for (const { depth, contraction, sinks } of groups) {
    const [kept, ...more] = sinks;
    if (contraction || more.length > 0 || !kept?.kept || kept.kept.axes.length < kept.axes.length) continue;
    if (ownOf(l, kept.value).some(n => n.kind === "reduce")) continue;
    const next = groups.filter(g => g.depth === depth + 1 && !g.contraction);
    const sum = next.flatMap(g => g.sinks).find(s => reducesRows(l, s, kept));
    if (!sum) continue;
    for (const g of [{ sinks }, ...next]) g.sinks.splice(0, Infinity, ...g.sinks.filter(s => s !== sum && s !== kept));
    // behind all that the sum needs, before all that need it
    joined.push({ depth: depth + 0.5, contraction: false, sinks: [sum, kept] });
  }
  return [...groups, ...joined].filter(g => g.sinks.length > 0);
}
function reducesRows(l: Lowering, s: Sink, { value, axes }: Sink): boolean {
  if (s.combine || s.when || wideAxes(l, s).length > 0) return false;
  const rows = rowAxes(l, s);
  const over = ownOf(l, s.value).flatMap(n =>
    n.kind === "reduce" && n.args.length === 1 && n.args[0] === value ? l.axes({ axes: n.over }) : [],
  );
  return over.length > 0 && looped(l, [...rows, ...over]) === looped(l, axes);
}
const materializedBelow = (n: Node): readonly Node[] => (n.kind === "load" ? children(n) : []);
const wideAxes = (l: Lowering, s: Sink): readonly Axis[] => {
  const rows = rowAxes(l, s);
  return s.axes.filter(a => !rows.includes(a));
};
/** the axes that still need loops, as a key */
const looped = (l: Lowering, axes: readonly Axis[]): string =>
  axes
    .filter(a => !l.bindings.has(a))
    .map(a => a.id)
    .sort((a, b) => a - b)
    .join();
/** a value kept for one row is used while that row is open */
const sharesLoop = (l: Lowering, o: Sink, s: Sink): boolean =>
  o.kept !== undefined && o.axes.length > o.kept.axes.length && looped(l, rowAxes(l, o)) === looped(l, rowAxes(l, s));

export function lowerStage(l: Lowering, sinks: readonly Sink[], pin?: StageSchedule): void {
  new Stage(l, sinks, pin).run();
}

class Stage {
  private readonly l: Lowering;
  private readonly sinks: readonly Sink[];
  private readonly pin: StageSchedule;
  private readonly rows: readonly Axis[];
  private readonly lane: Axis | undefined;
  private readonly order: readonly Axis[];
  private readonly reduces: boolean;

  constructor(l: Lowering, sinks: readonly Sink[], pin?: StageSchedule) {
    this.l = l;
    this.sinks = sinks;
    const first = sinks[0]!;
    this.pin = isOneByOne(first) ? {} : (pin ?? l.schedule.stage[first.name] ?? {});
    this.rows = rowAxes(l, first).filter(a => !l.bindings.has(a));
    this.reduces = sinks.some(s => rootsOfSink(s).some(r => ownOf(l, r).some(n => n.kind === "reduce")));
    this.lane = this.laneAxis();
    const order = this.rows.filter(a => a !== this.lane);
    const rank = (a: Axis) => this.pin.order?.indexOf(l.names.axis(a)) ?? 0;
    this.order = this.pin.order ? [...order].sort((a, b) => rank(a) - rank(b)) : order;
  }

  /** the pinned one; else the last axis, if that leaves no reduction that would rather have its own */
  private laneAxis(): Axis | undefined {
    const { l, pin, rows } = this;
    if (this.sinks.some(s => isOneByOne(s) || !fitsLane(s.dtype) || !fitsLane(s.value.dtype))) return undefined;
    const apart = rows.filter(a => this.sinks.every(s => !s.meeting?.includes(a)));
    if (pin.lane !== undefined) return apart.find(a => l.names.axis(a) === pin.lane);
    const contraction = this.sinks.some(s => inlineContraction(l, s));
    const wide = this.sinks.some(s => wideAxes(l, s).length > 0);
    const able = apart.filter(a => a !== l.kernel.segments?.axis);
    return contraction || (!wide && !this.reduces) ? able.at(-1) : undefined;
  }

  run(): void {
    const { l, sinks } = this;
    for (const s of sinks) if (s.kept) l.pending.set(s.value, s);
    const vector = l.vector;
    if (sinks.some(s => isOneByOne(s) || !fitsLane(s.dtype))) l.vector = false;
    l.stages.push(this.describe());
    this.panels(() => this.rowNest(0));
    for (const a of this.rows) l.bindings.delete(a);
    for (const s of sinks) this.finish(s);
    l.vector = vector;
  }
  private finish(s: Sink): void {
    if (!s.kept) return;
    s.kept.ready = true;
    this.l.pending.delete(s.value);
  }

  private rowNest(d: number): void {
    const { l, order } = this;
    const a = order[d];
    if (!a) {
      this.inner();
      return;
    }
    const name = l.names.axis(a);
    const last = d === order.length - 1;
    const steps = this.pin.rows?.[name] ?? [1];
    this.pieces(a, steps, counter => {
      if (last && counter && this.reduces)
        l.b.outline(`${l.kernel.name}.${this.sinks[0]!.name}`, () => this.rowNest(d + 1), counter);
      else this.rowNest(d + 1);
    });
  }

  /** borders and interior as separate ranges: only the borders look where they read */
  private pieces(a: Axis, steps: readonly number[], body: (counter: Sym | undefined) => void): void {
    const { l } = this;
    const inner = l.schedule.split.includes(l.names.axis(a))
      ? interior(
          l,
          a,
          this.sinks.map(s => s.value),
        )
      : undefined;
    if (!inner) {
      rowLoop(l, a, steps, body);
      return;
    }
    const was = l.range(a);
    const lo = l.keep(l.b.int(was.lo));
    const hi = l.keep(l.b.int(was.hi));
    const bind = (e: Parameters<typeof l.keep>[0], name: string) =>
      l.b.bind(new Sym(name), l.b.set(e, name), { signed: true });
    const from = inner.from.map(p => l.keep(l.b.int(p))).reduce((x, y) => l.keep(larger(x, y)), lo);
    const first = bind(lesser(l.keep(from), hi), "first");
    const to = inner.to.map(p => l.keep(l.b.int(p))).reduce((x, y) => l.keep(lesser(x, y)), hi);
    const end = bind(larger(l.keep(to), read(l.b.registerOf(first)!)), "end");
    unsettled(l, () =>
      this.borders(a, { lo, hi, first: read(l.b.registerOf(first)!), end: read(l.b.registerOf(end)!) }, body),
    );
    l.ranges.set(a, { lo: Poly.sym(first), hi: Poly.sym(end), size: was.size });
    l.inside.add(a);
    rowLoop(l, a, steps, body);
    l.inside.delete(a);
    l.ranges.set(a, was);
  }
  /** both borders by the same code, one pixel at a time: a loop over the two sides */
  private borders(
    a: Axis,
    at: { readonly lo: Expr; readonly hi: Expr; readonly first: Expr; readonly end: Expr },
    body: (counter: Sym | undefined) => void,
  ): void {
    const { l } = this;
    const side = l.b.set(int(0), "side");
    const { size } = l.range(a);
    l.b.loop(side, int(2), 1, () => {
      const bound = (name: string, left: Expr, right: Expr): Poly => {
        const reg = l.b.set(select("i32", read(side), right, left), name);
        return Poly.sym(l.b.bind(new Sym(name), reg, { signed: true }));
      };
      l.ranges.set(a, { lo: bound("from", at.lo, at.end), hi: bound("to", at.first, at.hi), size });
      rowLoop(l, a, [1], body);
    });
  }

  /** outer blocks of the lane axis, so that what it reads stays in the cache */
  private panels(body: () => void): void {
    const { l, lane } = this;
    const size = lane && this.pin.panel?.[l.names.axis(lane)];
    if (!size) {
      body();
      return;
    }
    const was = l.range(lane);
    const counter = l.b.set(l.b.int(was.lo), "panel");
    const hi = l.keep(l.b.int(was.hi));
    l.b.loop(
      counter,
      add(hi, int(size - 1)),
      size,
      sym => {
        const end = l.b.bind(new Sym("end"), l.b.set(lesser(l.keep(add(read(counter), int(size))), hi), "end"));
        l.ranges.set(lane, { lo: Poly.sym(sym), hi: Poly.sym(end), size: Poly.int(size) });
        body();
      },
      { align: size },
    );
    l.ranges.set(lane, was);
  }

  private inner(): void {
    const { l, lane } = this;
    if (!lane) {
      this.body();
      return;
    }
    const vectors = this.pin.vectors ?? 2;
    const tail = this.pin.tail ?? (this.reduces ? "mask" : "peel");
    const masks = tail === "mask" && this.canMask(lane);
    laneLoop(l, lane, { vectors: masks ? [vectors] : [vectors, 1], tail: masks ? "mask" : "peel" }, () =>
      unsettled(l, () => this.body()),
    );
  }
  private canMask(lane: Axis): boolean {
    const { l } = this;
    if (this.sinks.some(s => isChecked(s) || s.when || s.combine || wideAxes(l, s).length > 0)) return false;
    return this.sinks.every(s => mayOverrun(l, s.value, lane));
  }

  private body(): void {
    const { l, sinks } = this;
    const level = sinks.filter(s => s.axes.every(a => l.bindings.has(a)));
    const wide = sinks.filter(s => !level.includes(s));
    if (level.length) this.tile(level);
    // reductions over a placed value first: they compute and store it on their way
    for (const n of reach(wide.map(s => s.value)))
      if (n.kind === "reduce" && n.args.some(a => l.pending.has(a)) && l.axes(n).every(a => l.bindings.has(a)))
        for (const offs of tileOffsets(l, l.axes(n))) cell(l, n, offs);
    for (const s of wide) {
      if (s.kept?.ready) continue;
      this.wideLoops(s);
      this.finish(s);
    }
  }
  private wideLoops(s: Sink): void {
    const { l } = this;
    const free = s.axes.filter(a => !l.bindings.has(a));
    const nest = (d: number): void => {
      const a = free[d];
      const inLanes = d === free.length - 1 && !l.lane && l.vector;
      if (!a) this.tile([s]);
      else if (inLanes) laneLoop(l, a, { vectors: [this.pin.vectors ?? 2, 1], tail: "peel" }, () => this.tile([s]));
      else rowLoop(l, a, [1], () => nest(d + 1));
    };
    nest(0);
    for (const a of free) l.bindings.delete(a);
  }

  private tile(sinks: readonly Sink[]): void {
    const { l } = this;
    const cells = sinks.map(s =>
      tileOffsets(l, s.axes).map(offs => [offs, cell(l, s.value, offs)] as [Offsets, ReturnType<typeof cell>]),
    );
    for (const [i, s] of sinks.entries()) storeTile(l, s, cells[i]!);
  }

  private describe(): string {
    const { l, pin } = this;
    const loops = this.order.map(a => {
      const name = l.names.axis(a);
      const rows = pin.rows?.[name];
      return rows ? `${name} by ${rows.join("/")}` : name;
    });
    const lane = this.lane ? `lane ${l.names.axis(this.lane)} × ${pin.vectors ?? 2}` : "lanes inside";
    return `${this.sinks.map(s => s.name).join(" + ")}: ${loops.length ? `loops ${loops.join(", ")}; ` : ""}${lane}`;
  }
}

/** Where along `a` no checked index that contains it can leave its tensor, whatever the other axes. */
function interior(l: Lowering, a: Axis, roots: readonly Node[]): { from: Poly[]; to: Poly[] } | undefined {
  const from: Poly[] = [];
  const to: Poly[] = [];
  for (const n of roots.flatMap(r => inlineOf(l, r))) {
    if (n.kind !== "load" || l.pointerTables.has(n)) continue;
    for (const { index, size } of planOf(l, n).checks) {
      if (!index.has(a.sym)) continue;
      const step = index.coef(a.sym);
      if (!step?.isConst || step.constant <= 0) return undefined;
      const others = index.sub(step.mul(Poly.sym(a.sym)));
      const free = axesOf(others);
      if (free.some(x => (others.coef(x.sym)?.constant ?? -1) < 0)) return undefined;
      const at = (f: (x: Axis) => Poly) => others.subst(s => free.flatMap(x => (x.sym === s ? [f(x)] : []))[0]);
      const least = at(() => Poly.zero);
      const most = at(x => x.extent.sub(1));
      const up = (p: Poly) => opaque("div", p.add(step.constant - 1), step);
      from.push(up(least.mul(-1)));
      to.push(up(size.sub(most)));
    }
  }
  return from.length ? { from, to } : undefined;
}
