// One register of a value at one place of the register tile, made on demand and remembered in the outermost scope that knows its
// axes. With a lane axis the register holds four elements along it (or one element four times), else one element.
import type { Node, NodeOf } from "../../ir/tile.js";
import type { Poly } from "../../ir/poly.js";
import { Poly as P, Sym } from "../../ir/poly.js";
import { bodyOf } from "../../tile/functions.js";
import { fitsLane, lanesOf, splat } from "./convert.js";
import { elementResult, elementState, fixedValue } from "./element-loops.js";
import { intrinsicCell } from "./intrinsics.js";
import { loadBuffer, loadTensor } from "./loads.js";
import type { Expr } from "./loop.js";
import { int, op, read, select } from "./loop.js";
import { mapCell } from "./maps.js";
import { reduce } from "./reductions.js";
import type { Lowering, Offsets } from "./state.js";
import { storeOnTheWay } from "./stores.js";

export function cell(l: Lowering, n: Node, offs: Offsets): Expr {
  if (n.kind === "full") return l.constant(n.dtype, n.value);
  const buffer = l.buffers.get(n);
  if (buffer?.ready) return loadBuffer(l, buffer, offs);
  const fixed = fixedValue(l, n, offs);
  if (fixed) return fixed;
  if (n.kind === "load") return loadTensor(l, n, offs);
  if ((n.kind === "state" || n.kind === "result") && !n.fold.cells)
    return loadBuffer(l, l.states.get(n.fold)![n.slot]!, offs);
  const axes = l.axes(n);
  const home = l.homeOf(axes);
  const key = `n${n.id}${l.offsetKey(axes, offs)}`;
  const known = home.memo.get(key) as Expr | undefined;
  if (known) return known;
  const value = l.b.within(home, () => {
    const e = compute(l, n, offs, key);
    return e.kind === "reg" ? e : read(l.b.set(e, "v"));
  });
  home.memo.set(key, value);
  const sink = l.pending.get(n);
  if (sink && l.reducing) l.b.within(home, () => storeOnTheWay(l, sink, offs, value));
  return value;
}

function compute(l: Lowering, n: Exclude<Node, NodeOf<"full" | "load">>, offs: Offsets, key: string): Expr {
  const lane = l.lane;
  const varies = lane !== undefined && l.axes(n).includes(lane);
  switch (n.kind) {
    case "index":
      return indexCell(l, n, offs);
    case "state":
      return elementState(l, n, offs);
    case "result":
      return elementResult(l, n, offs);
    case "call":
      return n.intrinsic && !n.meaning ? intrinsicCell(l, n, n.intrinsic, offs) : cell(l, inlined(n), offs);
    case "map":
      return mapCell(l, n, offs);
    case "reduce":
      if (lane && !varies) return uniform(l, n, offs);
      if (lane && !(fitsLane(n.dtype) && n.args.every(a => fitsLane(a.dtype)))) return byLane(l, n, offs);
      return reduce(l, n, offs, key);
  }
}

/** A value without the lane axis, computed once and put into all lanes. */
export const uniform = (l: Lowering, n: Node, offs: Offsets): Expr =>
  splat(
    n.dtype,
    l.scalarly(() => cell(l, n, offs)),
  );

/** The lanes computed one after the other: always possible, for what has no vector form. */
export function byLane(l: Lowering, n: Node, offs: Offsets): Expr {
  const parts = l.eachLane(i => {
    const at = l.atLane(offs, i);
    return l.scalarly(() => cell(l, n, at));
  });
  return lanesOf(n.dtype, parts);
}

const bodies = new WeakMap<Node, Node>();
/** a function's body in the language, one for each use */
function inlined(n: NodeOf<"call">): Node {
  const body = n.meaning ?? bodies.get(n) ?? bodyOf(n);
  bodies.set(n, body);
  return body;
}

function indexCell(l: Lowering, n: NodeOf<"index">, offs: Offsets): Expr {
  const p = l.fused(n.index);
  if (!l.lane) {
    const value = l.b.int(l.at(p, offs));
    return n.dtype === "i64" || n.dtype === "u64" ? op("i64.extend_i32_s", value) : value;
  }
  if (!l.axes(n).includes(l.lane)) return uniform(l, n, offs);
  const step = fitsLane(n.dtype) && !l.gathersAlong(p, l.lane) ? p.coef(l.lane.sym) : undefined;
  if (!step) return byLane(l, n, offs);
  const first = op("i32x4.splat", l.b.int(l.at(p, offs)));
  if (step.isConst) return op("i32x4.add", first, l.words(l.eachLane(i => i * step.constant)));
  return op(
    "i32x4.add",
    first,
    op("i32x4.mul", op("i32x4.splat", l.b.int(l.at(step, offs))), l.words(l.eachLane(i => i))),
  );
}

/** An integer value as an index. What does not fit 32 bits becomes -1, which is outside of every tensor. */
export function gatherIndex(l: Lowering, n: Node, offs: Offsets): Poly {
  const axes = l.axes(n);
  return l.scalarly(() =>
    l.b.memo(l.homeOf(axes), `g${n.id}${l.offsetKey(axes, offs)}`, () => {
      const value = cell(l, n, offs);
      const word = fitsLane(n.dtype) ? value : wrapped(l, value);
      const reg = l.b.set(word, "index");
      return P.sym(l.b.bind(new Sym("index"), reg, { signed: true }));
    }),
  );
}
function wrapped(l: Lowering, wide: Expr): Expr {
  const value = l.keep(wide);
  const word = l.keep(op("i32.wrap_i64", value));
  return select("i32", op("i64.eq", op("i64.extend_i32_s", word), value), word, int(-1));
}
