// Which axis lies in vector lanes: the cheapest by a count of memory operations. An axis of the result, or, where a reduction
// reads along its own axis, that one.
import type { Axis, Node, NodeOf } from "../ir/tile.js";
import { isTensor, reach } from "../ir/tile.js";
import { isContraction } from "./contraction.js";
import { isWorthCopying } from "./copies.js";
import { rowsOfProducts } from "./tiles.js";
import type { KernelView, SinkView, Step } from "./view.js";

/** Operations of a vector: elements that lie apart are read and written one by one. */
const costOfStep = (view: KernelView, step: Step): number =>
  step === "strided" ? 1.25 * view.lanes : step === "irregular" ? 2.5 * view.lanes : 1;
/** reading a copy that was made for it */
const COPIED = 1.3;
/** a step of the horizontal sums at the end of a reduction in lanes: they halve the vector each time */
const HALVING = 6;

/** what a contraction costs more when its lanes lie along the reduced axis (PP-OCR det with 16 lanes, 24 channels: 270 ms instead of 30) */
const LOST_REUSE = 3;
/** the same where a register tile has rows of both operands */
const OTHER_REUSE = 1.25;

/** The name of the chosen axis; one that is not among the rows means: lanes inside reductions. */
export function chooseLane(view: KernelView, s: SinkView): string | undefined {
  const rows = view.rows(s);
  const reduces = view.reductions(s);
  // lanes along the reduced axis use each load once, lanes along rows for a whole register tile; with four lanes the loads hide
  const pays = view.lanes > 4 && reduces.some(isContraction);
  const reuse = !pays ? 1 : rowsOfProducts(view, s).length === 2 ? OTHER_REUSE : LOST_REUSE;
  const wide = s.axes.filter(a => !rows.includes(a));
  // segments start anywhere, and panels at multiples of a vector
  const able = rows.filter(a => a !== view.kernel.segments?.axis);
  const options = able.map(a => ({ axis: a, cost: costOf(view, s, a, undefined) }));
  if (reduces.length || wide.length) {
    const inside = [...new Set([...wide, ...reduces.flatMap(n => view.axes(n.over))])];
    for (const a of inside)
      options.push({
        axis: a,
        cost:
          costOf(view, s, a, reuse) +
          (HALVING * Math.log2(view.lanes) * reduces.length) / Math.max(1, view.volume(wide)),
      });
  }
  // of equal ones the last: innermost in the tensor
  let best = options[0];
  for (const o of options) if (best && o.cost <= best.cost) best = o;
  return best && view.names.axis(best.axis);
}

/** cost of one element with axis `a` in lanes; `lost`: what contractions cost more where it is no row */
function costOf(view: KernelView, s: SinkView, a: Axis, lost: number | undefined): number {
  const isRow = lost === undefined;
  const size = view.extent(a);
  // a vector that is not full costs as much as a full one, and less than a vector is done by scalars
  const filling = size < 4 ? 1 : Math.ceil(size / view.lanes) / size;
  // operands that may be put into panels for the occasion
  const contracted = new Set(
    view.inline(s.value).flatMap(n => (n.kind === "reduce" && isContraction(n) ? n.args : [])),
  );
  let cost = 0;
  const visit = (n: Node, weight: number, seen: Set<Node>): void => {
    if (seen.has(n)) return;
    seen.add(n);
    if (n !== s.value && view.isPlaced(n)) {
      cost += weight * placedCost(view, n, a, isRow, contracted.has(n)) * filling;
      return;
    }
    if (n.kind === "load") cost += weight * loadCost(view, s, n, a, isRow, contracted.has(n)) * filling;
    if (n.kind === "map") cost += weight * filling;
    if (n.kind === "call") cost += weight * 10 * filling;
    if (n.kind === "reduce") {
      const inner = weight * view.volume(n.over) * (isContraction(n) ? (lost ?? 1) : 1);
      for (const x of n.args) visit(x, inner, new Set());
    } else if (n.kind === "map" || n.kind === "call") for (const x of n.args) visit(x, weight, seen);
  };
  visit(s.value, 1, new Set());
  const stored = s.fold ? s.axes : view.storedAxes(s.value);
  const store = s.store
    ? view.stepOf(s.store.tensor, s.store.index, a)
    : stored.at(-1) === a
      ? "contiguous"
      : "strided";
  return cost + (store === "none" ? 4 : costOfStep(view, store)) * filling;
}
function loadCost(
  view: KernelView,
  s: SinkView,
  n: NodeOf<"load">,
  a: Axis,
  isRow: boolean,
  contracted: boolean,
): number {
  const step = view.loadStep(n, a);
  // what varies with rows alone is the same in all lanes; off the lane's loops it is a scalar
  if (step === "none") return isRow ? 1 : 4;
  const checked = view.checks(n).some(p => view.fused(p).has(a.sym)) ? 3 : 0;
  // for a value that is kept, constants are read as they lie
  const isPacked = isTensor(n.tensor) && n.tensor.constant && (contracted || s.store || s.fold);
  const cost = costOfStep(view, step);
  if (step === "irregular" || !isTensor(n.tensor) || (n.tensor.layout && n.tensor.constant)) return checked + cost;
  if (isPacked) return checked + 1;
  return checked + (contracted && cost > COPIED && isWorthCopying(view, n, s, a) ? COPIED : cost);
}
/** scratch holds a placed value with its last axis innermost, or in panels of the lane where a contraction reads it */
function placedCost(view: KernelView, n: Node, a: Axis, isRow: boolean, contracted: boolean): number {
  const axes = view.storedAxes(n);
  if (!axes.includes(a)) return isRow ? 1 : 4;
  if (axes.at(-1) === a) return isCrossed(view, n, a) ? costOfStep(view, "strided") : 1;
  return contracted ? COPIED : costOfStep(view, "strided");
}
/**
 * Is what it is computed from read across this axis? Then vectors of it would be written element by element, a row of scratch apart (weights of 8 bits, 2048 × 2048 by
 * 6 rows: 153 ms in WebAssembly instead of 3).
 */
const isCrossed = (view: KernelView, n: Node, a: Axis): boolean =>
  reach([n], x => x.kind === "reduce" || (x !== n && view.isPlaced(x))).some(
    x => x.kind === "load" && ["strided", "irregular"].includes(view.loadStep(x, a)),
  );
