// Sequential loops: state in scratch memory, a stage that fills it, a region for each block or step.
import { Poly, Sym } from "../../ir/poly.js";
import type { Axis, Fold, Node } from "../../ir/tile.js";
import { isInside } from "../../ir/bounds.js";
import { atIndex } from "../../ir/substitute.js";
import { gathered, gathersIn, isTensor, reachCells } from "../../ir/tile.js";
import { bareSymbol } from "../../ir/walk.js";
import { rootsOf } from "../../schedule/names.js";
import { FOLD_BLOCK } from "../../schedule/parts.js";
import { cell } from "./cells.js";
import { constantSize } from "./lanes.js";
import { bufferForm, newBuffer } from "./loads.js";
import type { Reg } from "./loop.js";
import { add, int, lesser, read } from "./loop.js";
import { bufferSink, lowerRegion, lowerStage, storeSink } from "./stages.js";
import type { Buffer, Lowering, Sink } from "./state.js";
import { origin } from "./state.js";

/** State that has to survive its own update: two buffers whose addresses are swapped after each turn. */
interface Double {
  readonly buffer: Buffer;
  readonly current: Reg;
  readonly next: Reg;
  readonly symbols: readonly Sym[];
}

export function lowerFold(l: Lowering, f: Fold): void {
  const guard = guardOf(l, f);
  const values = guard?.next ?? f.next;
  // a guard's condition is computed before all of them
  const body = [...values, ...rootsOf(f.stores)];
  const state = f.init.map(n => newBuffer(l, n.dtype, unbound(l, n), "scratch"));
  const doubles: Double[] = [];
  const next = state.map((b, slot) => {
    if (!isReadLate(l, f, slot, values[slot]!, body)) return b;
    const second = newBuffer(l, b.dtype, b.axes, "scratch");
    doubles.push(doubled(l, b, second));
    return second;
  });
  f.init.forEach((n, i) => {
    const sink = bufferSink(`${l.names.value(f.next[i]!)} at first`, n, state[i]!, false);
    // it may need the results of other folds
    lowerRegion(l, [sink], g => lowerFold(l, g));
  });
  l.states.set(f, state);
  hoistInvariants(l, f, body);
  const outer = new Set(l.buffers.keys());
  foldLoop(l, f, () => {
    // what is computed from an address that changes must stay in the loop
    for (const d of doubles) for (const s of d.symbols) l.b.own(s, l.b.scope);
    const turn = (): void => {
      const sinks = [
        ...f.stores.map(s => storeSink(l, s)),
        ...values.map((n, i) => stateSink(l, f, i, n, next[i]!, next[i] === state[i])),
      ];
      for (const inner of f.folds) if (storesSomething(inner)) lowerFold(l, inner);
      lowerRegion(l, sinks, g => lowerFold(l, g));
      for (const d of doubles) swap(l, d.current, d.next);
    };
    if (guard) l.b.branch(cell(l, guard.condition, origin), turn);
    else turn();
  });
  for (const n of [...l.buffers.keys()]) if (!outer.has(n)) l.buffers.delete(n);
  for (const d of doubles) pointAt(l, d.buffer, l.b.set(read(d.current), "result"));
}

export const storesSomething = (f: Fold): boolean => f.stores.length > 0 || f.folds.some(storesSomething);
const unbound = (l: Lowering, n: Node): Axis[] => l.axes(n).filter(a => !l.bindings.has(a));

function doubled(l: Lowering, b: Buffer, second: Buffer): Double {
  const move = (buffer: Buffer): [Reg, Sym] => {
    const pointer = l.b.set(add(l.b.int(buffer.storage.base), int(0)), "state");
    return [pointer, pointAt(l, buffer, pointer)];
  };
  const [current, a] = move(b);
  const [next, c] = move(second);
  return { buffer: b, current, next, symbols: [a, c] };
}
/** From here on the buffer lies where the register points: the addresses inside the loop belong to the loop. */
function pointAt(l: Lowering, buffer: Buffer, pointer: Reg): Sym {
  const sym = l.b.bind(new Sym("state"), pointer);
  buffer.storage = { ...buffer.storage, base: Poly.sym(sym) };
  buffer.form = bufferForm(l, buffer.storage, buffer.axes, buffer.first);
  return sym;
}
function swap(l: Lowering, a: Reg, b: Reg): void {
  const t = l.b.set(read(a), "swap");
  l.b.push({ kind: "set", reg: a, value: read(b) });
  l.b.push({ kind: "set", reg: b, value: read(t) });
}

const isState = (n: Node, f: Fold, slot: number): boolean => n.kind === "state" && n.fold === f && n.slot === slot;

/** What the steps of a fold change, and the one condition under which they change anything. */
interface Guard {
  readonly condition: Node;
  readonly next: readonly Node[];
}
/** Where every state is `select(condition, next, state)` of one value, a step in which it is false needs no computing. */
function guardOf(l: Lowering, f: Fold): Guard | undefined {
  if (f.stores.length > 0 || f.folds.some(storesSomething)) return undefined;
  const next: Node[] = [];
  let condition: Node | undefined;
  for (const [slot, n] of f.next.entries()) {
    if (n.kind !== "map" || n.op !== "select" || !isState(n.args[2]!, f, slot)) return undefined;
    condition ??= n.args[0]!;
    if (n.args[0] !== condition) return undefined;
    next.push(n.args[1]!);
  }
  if (!condition || l.axes(condition).some(a => a !== f.axis && !l.bindings.has(a))) return undefined;
  // what is kept in memory is computed by the stages of the step, behind the condition
  const isKept = (n: Node): boolean =>
    l.materialized.has(n) || l.names.value(n) in l.schedule.place || n.kind === "result";
  return reachCells([condition]).some(isKept) ? undefined : { condition, next };
}

/** The next state of a slot; where a step writes one index of an axis, `select(axis = index, x, state)`, only that one. */
function stateSink(l: Lowering, f: Fold, slot: number, n: Node, buffer: Buffer, inPlace: boolean): Sink {
  const name = l.names.value(n);
  const written = inPlace && f.steps ? writtenIndex(l, f, slot, n) : undefined;
  if (!written) return bufferSink(name, n, buffer, false);
  const { axis, index, value, gathers } = written;
  const at = buffer.axes.map((a, i) => (a === axis ? index : Poly.sym(a.sym)).sub(buffer.first[i]!));
  return {
    name: `${name} at ${l.names.axis(f.axis)}`,
    value,
    axes: buffer.axes.filter(a => a !== axis),
    form: l.form(buffer.storage, at, buffer.storage.base),
    dtype: buffer.storage.dtype,
    checks: gathers.length > 0 ? [{ index, form: l.indexForm(index), size: axis.extent }] : [],
    gathers,
  };
}
/** Where a step writes: an index, or a value that is outside of the axis where it writes nothing. */
interface Written {
  readonly axis: Axis;
  readonly index: Poly;
  readonly value: Node;
  readonly gathers: readonly Node[];
}
function writtenIndex(l: Lowering, f: Fold, slot: number, n: Node): Written | undefined {
  if (n.kind !== "map" || n.op !== "select" || !isState(n.args[2]!, f, slot)) return undefined;
  const [test, value] = n.args as readonly [Node, Node];
  if (test.kind !== "map" || test.op !== "eq") return undefined;
  const [a, b] = test.args as readonly [Node, Node];
  if (a.kind !== "index" || b.dtype !== "i32") return undefined;
  const { axes } = f.init[slot]!;
  const axis = axes.find(x => bareSymbol(a.index) === x.sym);
  if (!axis || l.fusedInto.has(axis) || l.bindings.has(axis) || l.ranges.has(axis)) return undefined;
  const isRow = (x: Axis): boolean => x !== axis && (x === f.axis || axes.includes(x) || l.bindings.has(x));
  if (!b.axes.every(isRow)) return undefined;
  const index = gathered(b);
  const gathers = gathersIn(index);
  if (gathers.length === 0 && !isInside(index, axis.extent)) return undefined;
  return { axis, index, value: atIndex(value, axis, index), gathers };
}

/**
 * Is the old value needed after some of the new one is written? Yes if it is read under other indices, reduced over, or used by
 * anything but its own successor: another stage may run later.
 */
function isReadLate(l: Lowering, f: Fold, slot: number, next: Node, body: readonly Node[]): boolean {
  const isOld = (n: Node) => isState(n, f, slot);
  const all = reachCells(body);
  if (all.some(n => n.kind === "load" && !isTensor(n.tensor) && isOld(n.tensor.value))) return true;
  const axes = new Set(l.axes(f.init[slot]!));
  const reduced = all.some(
    n => n.kind === "reduce" && l.axes({ axes: n.over }).some(a => axes.has(a)) && reachCells(n.args).some(isOld),
  );
  if (reduced || f.folds.some(inner => !inner.cells)) return true;
  const others = body.filter(n => n !== next);
  const placed = reachCells([next]).filter(n => l.names.value(n) in l.schedule.place && n !== next);
  return [...others, ...placed].some(n => reachCells([n]).some(isOld));
}

/** Placed values of the body that no turn changes are computed once, before the loop. */
function hoistInvariants(l: Lowering, f: Fold, body: readonly Node[]): void {
  const varies = new Map<Node, boolean>();
  for (const n of reachCells(body)) {
    const own = n.axes.includes(f.axis) || (n.kind === "reduce" && n.over.includes(f.axis));
    const isOpen = n.kind === "state" || (n.kind === "result" && !n.fold.cells);
    const below = reachCells([n]).some(c => c !== n && varies.get(c));
    varies.set(n, own || isOpen || below);
  }
  for (const n of reachCells(body)) {
    const place = l.schedule.place[l.names.value(n)];
    if (place?.at !== "region" || l.inElements.has(n) || varies.get(n) || l.buffers.has(n)) continue;
    const buffer = newBuffer(l, n.dtype, unbound(l, n), "scratch");
    lowerStage(l, [bufferSink(l.names.value(n), n, buffer, false)]);
    buffer.ready = true;
    l.buffers.set(n, buffer);
  }
}

function foldLoop(l: Lowering, f: Fold, body: () => void): void {
  const a = f.axis;
  const size = f.steps ? 1 : (l.schedule.block[l.names.axis(a)] ?? FOLD_BLOCK);
  const was = l.ranges.get(a);
  const part = l.folded.get(f);
  const extent = l.keep(l.b.int(a.extent));
  const end = part ? l.keep(lesser(extent, l.keep(l.b.int(part.lo.add(part.length))))) : extent;
  const until = f.until && l.axes({ axes: [f.until] })[0]!;
  const limit = until ? l.keep(lesser(end, l.keep(l.b.int(l.range(until).hi)))) : end;
  const counter = l.b.set(l.b.int(part?.lo ?? Poly.zero), a.name);
  const outerRegion = l.region;
  l.b.loop(
    counter,
    add(limit, int(size - 1)),
    size,
    sym => {
      if (f.steps) l.bind(a, Poly.sym(sym));
      else {
        const whole = !until && (constantSize(l, a) ?? 1) % size === 0;
        const stop = whole
          ? Poly.sym(sym).add(size)
          : Poly.sym(l.b.bind(new Sym("end"), l.b.set(lesser(l.keep(add(read(counter), int(size))), limit), "end")));
        l.ranges.set(a, { lo: Poly.sym(sym), hi: stop, size: Poly.int(size) });
      }
      // values that read state may not leave this loop
      l.region = l.b.scope;
      body();
    },
    { align: size },
  );
  l.region = outerRegion;
  l.bindings.delete(a);
  if (was) l.ranges.set(a, was);
  else l.ranges.delete(a);
}
