// Whole, partial and strided stores of a register tile.
import { bytesOf } from "../../ir/dtypes.js";
import type { Poly } from "../../ir/poly.js";
import { cell } from "./cells.js";
import { extractLane, loadLanes, loadScalar, packLanes, storeScalar, storeWhole } from "./convert.js";
import type { Expr, StoreOp } from "./loop.js";
import { int, mul, op, sub } from "./loop.js";
import { insideExpr } from "./loads.js";
import { outsideOf } from "./strict.js";
import { storeWoven } from "./woven-stores.js";
import { binary } from "./maps.js";
import type { Lowering, Offsets, Sink } from "./state.js";

/** The registers of one tile, values computed before: state that is updated in place is read before it is written. */
export function storeTile(l: Lowering, s: Sink, cells: readonly (readonly [Offsets, Expr])[]): void {
  const whole = () => {
    if (storeWoven(l, s, cells)) return;
    for (const [offs, v] of cells) storeCell(l, s, offs, v, l.lanes);
  };
  if (!l.tail || !l.lane) {
    whole();
    return;
  }
  const { count, step } = l.tail;
  const lane = l.lane;
  const partly = () => {
    for (const [offs, v] of cells) {
      const left = l.keep(sub(count, int(offs.get(lane) ?? 0)));
      if (storePart(l, s, offs, v, left)) continue;
      const upTo = (n: number): void => {
        if (n > 0)
          l.b.branch(
            op("i32.ge_s", left, int(n)),
            () => storeCell(l, s, offs, v, n),
            () => upTo(n - 1),
          );
      };
      upTo(l.lanes);
    }
  };
  l.b.branch(op("i32.ge_s", count, int(step)), whole, partly);
}

/** A placed value that a reduction computes on its way. */
export function storeOnTheWay(l: Lowering, s: Sink, offs: Offsets, value: Expr): void {
  const left = l.lane && l.tail?.isPart ? l.keep(sub(l.tail.count, int(offs.get(l.lane) ?? 0))) : undefined;
  if (!left || !storePart(l, s, offs, value, left)) storeCell(l, s, offs, value, l.lanes);
  l.stored.add(s);
}

function storeCell(l: Lowering, s: Sink, offs: Offsets, value: Expr, count: number): void {
  const write = () => {
    if (l.lane && joinsLanes(l, s, offs)) storeLanes(l, s, offs, joinedLanes(l, s, offs, value), count);
    else if (l.lane && s.combine) eachLane(l, s, offs, value, count);
    else if (l.lane) storeLanes(l, s, offs, value, count);
    else l.b.push(storeScalar(s.dtype, l.b.access(l.addressOf(s.form, offs)), joined(l, s, offs, value), l));
  };
  const written = () => {
    for (const outside of outsideOf(l, s.strict ?? [], offs, count)) l.b.push({ kind: "trap", condition: outside });
    write();
  };
  if (s.checks.length === 0 && !s.when) {
    written();
    return;
  }
  // what is not always written goes lane by lane
  const lane = l.lane;
  if (!lane) {
    l.b.branch(isWritten(l, s, offs), written);
    return;
  }
  for (let i = 0; i < count; i++) {
    const at = l.atLane(offs, i);
    const part = l.keep(extractLane(s.dtype, i, value));
    const { when: _, ...bare } = s;
    l.scalarly(() => l.b.branch(isWritten(l, s, at), () => storeCell(l, { ...bare, checks: [] }, at, part, 1)));
  }
}
/** Whole vectors of 32-bit elements that lie side by side are joined with what is there as such. */
const joinsLanes = (l: Lowering, s: Sink, offs: Offsets): boolean => {
  const step = s.combine && bytesOf(s.dtype) === 4 ? l.laneStep(s.form, offs) : undefined;
  return step?.isConst === true && step.constant === 4;
};
function joinedLanes(l: Lowering, s: Sink, offs: Offsets, value: Expr): Expr {
  if (!s.combine || s.combine === "last") return value;
  const x = l.keep(value);
  const old = l.keep(loadLanes(s.dtype, l.b.access(l.addressOf(s.form, offs)), l));
  return l.keep(binary(l, s.combine, s.dtype, old, x, true));
}
function eachLane(l: Lowering, s: Sink, offs: Offsets, value: Expr, count: number): void {
  for (let i = 0; i < count; i++) {
    const at = l.atLane(offs, i);
    const part = l.keep(extractLane(s.dtype, i, value));
    const { strict: _, ...bare } = s;
    l.scalarly(() => storeCell(l, bare, at, part, 1));
  }
}
export const isChecked = (s: Sink): boolean => s.checks.length > 0 || (s.strict ?? []).length > 0;
function isWritten(l: Lowering, s: Sink, offs: Offsets): Expr {
  const inside = s.checks.length > 0 ? l.keep(insideExpr(l, s.checks, offs)) : undefined;
  const when = s.when && cell(l, s.when, offs);
  return inside && when ? op("i32.and", inside, when) : (inside ?? when!);
}
/** what is there and the value, as one */
function joined(l: Lowering, s: Sink, offs: Offsets, value: Expr): Expr {
  if (!s.combine || s.combine === "last") return value;
  const x = l.keep(value);
  const old = l.keep(loadScalar(s.dtype, l.b.access(l.addressOf(s.form, offs)), l));
  return binary(l, s.combine, s.dtype, old, x, false);
}

function storeLanes(l: Lowering, s: Sink, offs: Offsets, value: Expr, count: number): void {
  const step = l.laneStep(s.form, offs);
  const element = bytesOf(s.dtype);
  const contiguous = step?.isConst && step.constant === element;
  if (contiguous && count === l.lanes) {
    l.b.push(storeWhole(s.dtype, l.b.access(l.addressOf(s.form, offs)), value, l));
    return;
  }
  const { vector, elementBytes } = packLanes(s.dtype, value, l);
  if (contiguous) {
    storeContiguous(l, l.addressOf(s.form, offs), l.keep(vector), elementBytes, count);
    return;
  }
  const packed = l.keep(vector);
  const name: StoreOp = elementBytes === 4 ? "v128.lane32" : elementBytes === 2 ? "v128.lane16" : "v128.lane8";
  for (let i = 0; i < (step?.isZero ? 1 : count); i++) {
    const at = l.atLane(offs, i);
    const p = step ? l.addressOf(s.form, offs).add(l.at(step, offs).mul(i)) : l.scalarly(() => l.addressOf(s.form, at));
    l.b.push({ kind: "store", op: name, at: l.b.access(p), value: packed, lane: i });
  }
}
/** Neighbours in memory, as many as are left; false: they are no neighbours. */
function storePart(l: Lowering, s: Sink, offs: Offsets, value: Expr, left: Expr): boolean {
  const step = l.laneStep(s.form, offs);
  if (isChecked(s) || !step?.isConst || step.constant !== bytesOf(s.dtype)) return false;
  const { vector, elementBytes } = packLanes(s.dtype, value, l);
  const at = l.b.access(l.addressOf(s.form, offs));
  l.b.push({ kind: "storePart", at, value: vector, bytes: l.keep(mul(left, int(elementBytes))) });
  return true;
}
function storeContiguous(l: Lowering, p: Poly, packed: Expr, elementBytes: 1 | 2 | 4, count: number): void {
  // pieces of 8, 4, 2 and 1 bytes
  const names = { 8: "v128.lane64", 4: "v128.lane32", 2: "v128.lane16", 1: "v128.lane8" } as const;
  let at = 0;
  const end = count * elementBytes;
  for (const bytes of [8, 4, 2, 1] as const)
    while (end - at >= bytes) {
      l.b.push({ kind: "store", op: names[bytes], at: l.b.access(p.add(at)), value: packed, lane: at / bytes });
      at += bytes;
    }
}
