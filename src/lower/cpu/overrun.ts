// Lanes behind the end of a row: what they read lies there, means nothing, and must do no harm. Not here: who drops what they compute.
import type { Axis, Node, NodeOf } from "../../ir/tile.js";
import { isCells, reachCells } from "../../ir/tile.js";
import { fitsLane } from "./convert.js";
import { planOf } from "./loads.js";
import type { Buffer, Lowering } from "./state.js";
import type { Form } from "./storage.js";

/** The values that one stage computes in its loops: kept values stop the walk. */
export const inlineOf = (l: Lowering, root: Node): Node[] => reachCells([root], n => n !== root && l.buffers.has(n));

/** A vector that begins inside may read what lies behind a row, not rows behind a tensor. */
export const mayOverrun = (l: Lowering, root: Node, lane: Axis): boolean =>
  inlineOf(l, root).every(n => {
    const buffer = n === root ? undefined : keptIn(l, n);
    if (buffer) return staysNear(l, buffer.form, lane);
    if (n.kind === "map") return fitsLane(n.dtype);
    // a lane behind the end would gather by what lies there
    if (isCells(n)) return false;
    if (n.kind !== "load" || !l.axes(n).includes(lane)) return true;
    const plan = planOf(l, n);
    if ([...plan.checks, ...plan.strict].some(c => c.form.axes.includes(lane))) return false;
    return [plan.row, plan.run].every(f => staysNear(l, f, lane));
  });

const keptIn = (l: Lowering, n: Node): Buffer | undefined =>
  isInMemory(n) ? l.states.get(n.fold)?.[n.slot] : l.buffers.get(n);
/** the state of a fold that is no loop of elements */
export function isInMemory(n: Node): n is NodeOf<"state" | "result"> {
  return (n.kind === "state" || n.kind === "result") && !n.fold.cells;
}

/** Do lanes that run over the end read right behind the row? */
function staysNear(l: Lowering, form: Form, lane: Axis): boolean {
  if (form.block?.index.has(lane.sym))
    return form.block.index.coef(lane.sym)?.isConst === true && form.block.size % l.lanes === 0;
  const step = form.linear.coef(lane.sym);
  return step?.isConst === true && step.constant <= 8;
}
