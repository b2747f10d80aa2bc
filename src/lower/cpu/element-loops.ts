// Loops of single elements (`cells` of the language): the state stays in registers, lanes are elements side by side, and the loop ends when
// every lane has left it. Folds whose state lies in memory are folds.ts.
import {
  type Axis,
  type Fold,
  gathersIn,
  type Node,
  type NodeOf,
  operands,
  reachCells,
  unionAxes,
} from "../../ir/tile.js";
import { scopesOf } from "../../ir/walk.js";
import { Poly } from "../../ir/poly.js";
import { byLane, cell, uniform } from "./cells.js";
import { extractLane, fitsLane, splat } from "./convert.js";
import type { Expr, Reg, Stmt } from "./loop.js";
import { int, op, read } from "./loop.js";
import { tileOffsets } from "./reductions.js";
import type { Lowering, Offsets } from "./state.js";

/** The registers of an open loop, by the place in the register tile. */
export interface ElementState {
  readonly axes: readonly Axis[];
  readonly lane: Axis | undefined;
  readonly registers: ReadonlyMap<string, readonly Reg[]>;
}

/** What the loop has come to. All states of all elements in the register tile are computed at once: their steps do not wait for each other. */
export function elementResult(l: Lowering, n: NodeOf<"result">, offs: Offsets): Expr {
  const { fold } = n;
  const axes = l.axes({ axes: unionAxes(...fold.init.map(x => x.axes)) });
  if (l.lane && !axes.includes(l.lane)) return uniform(l, n, offs);
  if (l.lane && !fold.init.every(x => fitsLane(x.dtype))) return byLane(l, n, offs);
  // one element of a vector: the others are somebody else's
  const single = !l.lane && axes.some(a => l.bindings.get(a)!.unit > 1);
  const home = l.homeOf(axes);
  const key = (at: Offsets): string => `f${fold.id}${l.offsetKey(axes, at)}`;
  if (!home.memo.has(key(offs)))
    l.b.within(home, () => {
      const whole = single ? [] : tileOffsets(l, axes);
      const tile = whole.some(at => key(at) === key(offs)) ? whole : [offs];
      elementLoop(l, fold, axes, tile).forEach((registers, i) => {
        home.memo.set(key(tile[i]!), registers);
      });
    });
  return read((home.memo.get(key(offs)) as readonly Reg[])[n.slot]!);
}

/** The state as the current registers want it: of one lane, or the same in all of them. */
export function elementState(l: Lowering, n: NodeOf<"state">, offs: Offsets): Expr {
  const state = l.elementStates.get(n.fold)!;
  const value = read(state.registers.get(placeOf(l, state, offs))![n.slot]!);
  if (l.lane === state.lane) return value;
  const one = state.lane ? extractLane(n.dtype, (offs.get(state.lane) ?? 0) % l.lanes, value) : value;
  return l.lane ? splat(n.dtype, l.keep(one)) : one;
}
function placeOf(l: Lowering, { axes, lane }: Pick<ElementState, "axes" | "lane">, offs: Offsets): string {
  return axes.map(a => Math.floor((offs.get(a) ?? 0) / (a === lane ? l.lanes : 1))).join();
}

/** Gives the registers of the states, for each place of the tile. */
function elementLoop(l: Lowering, f: Fold, axes: readonly Axis[], tile: readonly Offsets[]): (readonly Reg[])[] {
  const registers = tile.map(offs => f.init.map(n => cell(l, n, offs)).map(e => l.b.set(e, "state")));
  const state = { axes, lane: l.lane };
  const fixed = invariantsOf(l, f).flatMap(n => tile.map(offs => [fixedKey(l, n, offs), cell(l, n, offs)] as const));
  for (const [key, value] of fixed) l.fixed.set(key, value);
  l.elementStates.set(f, { ...state, registers: new Map(tile.map((at, i) => [placeOf(l, state, at), registers[i]!])) });
  const outer = l.region;
  const limit = l.keep(l.b.int(f.axis.extent));
  const counter = l.b.set(int(0), f.axis.name);
  l.b.loop(counter, limit, 1, sym => {
    l.bind(f.axis, Poly.sym(sym));
    // what reads the state may not leave the loop
    l.region = l.b.scope;
    const next = tile.map(offs => f.next.map(n => l.b.set(cell(l, n, offs), "next")));
    leaveWhenAllHave(l, f, tile, { kind: "set", reg: counter, value: limit });
    registers.flat().forEach((reg, i) => l.b.push({ kind: "set", reg, value: read(next.flat()[i]!) }));
  });
  l.region = outer;
  l.bindings.delete(f.axis);
  l.elementStates.delete(f);
  for (const [key] of fixed) l.fixed.delete(key);
  return registers;
}

function leaveWhenAllHave(l: Lowering, f: Fold, tile: readonly Offsets[], leave: Stmt): void {
  const condition = conditionOf(f);
  if (!condition) return;
  const going = tile.map(offs => cell(l, condition, offs)).reduce((a, b) => op(l.lane ? "v128.or" : "i32.or", a, b));
  l.b.branch(op("i32.eqz", l.lane ? op("v128.any_true", going) : going), () => l.b.push(leave));
}

const fixedKey = (l: Lowering, n: Node, offs: Offsets): string => `${n.id}/${l.offsetKey(l.axes(n), offs)}`;
/** what an open loop of elements has computed before its first step */
export const fixedValue = (l: Lowering, n: Node, offs: Offsets): Expr | undefined =>
  l.fixed.size > 0 && isBound(l, n) ? l.fixed.get(fixedKey(l, n, offs)) : undefined;
const isBound = (l: Lowering, n: Node): boolean => l.axes(n).every(a => l.bindings.has(a));

/** The condition without which no state changes: every one is `select(condition, next, state)`. */
function conditionOf(f: Fold): Node | undefined {
  const [first] = f.next;
  const condition = first?.kind === "map" && first.op === "select" ? first.args[0] : undefined;
  const guarded = f.next.every((n, slot) => {
    const kept = n.kind === "map" && n.op === "select" && n.args[0] === condition ? n.args[2]! : undefined;
    return kept?.kind === "state" && kept.fold === f && kept.slot === slot;
  });
  return guarded ? condition : undefined;
}

/** What a step needs and no step changes, but for reads at gathered indices: those of a loop without steps are not looked at. */
function invariantsOf(l: Lowering, f: Fold): readonly Node[] {
  const scopes = scopesOf(l.kernel);
  const inner = new Set<Fold>([f]);
  const enter = (folds: readonly Fold[]): void => {
    for (const x of folds) {
      inner.add(x);
      enter(x.folds);
    }
  };
  enter(f.folds);
  const belongs = (n: Node): boolean => {
    const scope = scopes.get(n);
    return scope !== undefined && inner.has(scope);
  };
  const gathers = (n: Node): boolean =>
    reachCells([n]).some(x => x.kind === "load" && x.index.some(p => gathersIn(p).length > 0));
  const found = new Set<Node>();
  for (const n of reachCells(f.next).filter(belongs))
    for (const c of operands(n))
      if (!belongs(c) && isBound(l, c) && c.kind !== "full" && c.kind !== "index" && !gathers(c)) found.add(c);
  return [...found];
}
