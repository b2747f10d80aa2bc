// Sequential loops: state in scratch memory, a stage that fills it, a region for each block or step.
import { Poly, Sym } from "../../ir/poly.js";
import type { Axis, Fold, Node } from "../../ir/tile.js";
import { isTensor, reach } from "../../ir/tile.js";
import { rootsOf } from "../../schedule/names.js";
import { constantSize } from "./lanes.js";
import { bufferForm, newBuffer } from "./loads.js";
import type { Reg } from "./loop.js";
import { add, int, lesser, read } from "./loop.js";
import { bufferSink, lowerRegion, lowerStage, storeSink } from "./stages.js";
import type { Buffer, Lowering } from "./state.js";

/** indices per block of a fold over tiles, unless the schedule says otherwise */
const FOLD_BLOCK = 64;

/** State that has to survive its own update: two buffers whose addresses are swapped after each turn. */
interface Double {
  readonly buffer: Buffer;
  readonly current: Reg;
  readonly next: Reg;
  readonly symbols: readonly Sym[];
}

export function lowerFold(l: Lowering, f: Fold): void {
  const body = [...f.next, ...rootsOf(f.stores)];
  const state = f.init.map(n => newBuffer(l, n.dtype, unbound(l, n), "scratch"));
  const doubles: Double[] = [];
  const next = state.map((b, slot) => {
    if (!isReadLate(l, f, slot, body)) return b;
    const second = newBuffer(l, b.dtype, b.axes, "scratch");
    doubles.push(doubled(l, b, second));
    return second;
  });
  f.init.forEach((n, i) => {
    const sink = bufferSink(`${l.names.value(f.next[i]!)} at first`, n, state[i]!, false);
    lowerStage(l, [sink]);
  });
  l.states.set(f, state);
  hoistInvariants(l, f, body);
  const outer = new Set(l.buffers.keys());
  foldLoop(l, f, () => {
    // what is computed from an address that changes must stay in the loop
    for (const d of doubles) for (const s of d.symbols) l.b.own(s, l.b.scope);
    const sinks = [
      ...f.stores.map(s => storeSink(l, s)),
      ...f.next.map((n, i) => bufferSink(l.names.value(n), n, next[i]!, false)),
    ];
    for (const inner of f.folds) if (storesSomething(inner)) lowerFold(l, inner);
    lowerRegion(l, sinks, g => lowerFold(l, g));
    for (const d of doubles) swap(l, d.current, d.next);
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

/**
 * Is the old value needed after some of the new one is written? Yes if it is read under other indices, reduced over, or used by
 * anything but its own successor: another stage may run later.
 */
function isReadLate(l: Lowering, f: Fold, slot: number, body: readonly Node[]): boolean {
  const isState = (n: Node) => n.kind === "state" && n.fold === f && n.slot === slot;
  const all = reach(body);
  if (all.some(n => n.kind === "load" && !isTensor(n.tensor) && isState(n.tensor.value))) return true;
  const axes = new Set(l.axes(f.init[slot]!));
  const reduced = all.some(
    n => n.kind === "reduce" && l.axes({ axes: n.over }).some(a => axes.has(a)) && reach(n.args).some(isState),
  );
  if (reduced || f.folds.length > 0) return true;
  const others = body.filter(n => n !== f.next[slot]);
  const placed = reach([f.next[slot]!]).filter(n => l.names.value(n) in l.schedule.place && n !== f.next[slot]);
  return [...others, ...placed].some(n => reach([n]).some(isState));
}

/** Placed values of the body that no turn changes are computed once, before the loop. */
function hoistInvariants(l: Lowering, f: Fold, body: readonly Node[]): void {
  const varies = new Map<Node, boolean>();
  for (const n of reach(body)) {
    const own = n.axes.includes(f.axis) || (n.kind === "reduce" && n.over.includes(f.axis));
    const isOpen = n.kind === "state" || n.kind === "result";
    const below = reach([n]).some(c => c !== n && varies.get(c));
    varies.set(n, own || isOpen || below);
  }
  for (const n of reach(body)) {
    const place = l.schedule.place[l.names.value(n)];
    if (place?.at !== "region" || varies.get(n) || l.buffers.has(n)) continue;
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
  const end = l.keep(l.b.int(a.extent));
  const until = f.until && l.axes({ axes: [f.until] })[0]!;
  const limit = until ? l.keep(lesser(end, l.keep(l.b.int(l.range(until).hi)))) : end;
  const counter = l.b.set(int(0), a.name);
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
