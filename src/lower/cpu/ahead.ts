// Memory that is asked for before it is needed: while a reduction computes a row, the next row of what it reads, and the row that will be
// written; while rows go by a panel of weights, the next block's panel; while a fold walks weights, those of its next step. Processors foresee what follows in memory, but not across the time that a
// row of exponentials takes, and not a panel before somebody reads its start.
import { bytesOf } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import type { NodeOf, Tensor } from "../../ir/tile.js";
import { isTensor, reach } from "../../ir/tile.js";
import { axesOfStore } from "../../ir/walk.js";
import { planOf } from "./loads.js";
import { LINE_BYTES } from "./loop.js";
import type { Lowering, Offsets } from "./state.js";
import type { Form } from "./storage.js";

/** For the vector at `offs`, `shift` elements behind the first of this turn. */
function askForRow(l: Lowering, n: NodeOf<"reduce">, offs: Offsets, shift: number): void {
  const name = l.schedule.ahead?.[l.names.value(n)];
  const lane = l.lane;
  if (name === undefined || !lane) return;
  const row = [...l.bindings.keys()].find(a => l.names.axis(a) === name);
  if (!row) return;
  const ask = (form: Form, { dtype }: Tensor, at: Offsets): void => {
    const bytes = bytesOf(dtype);
    if ((shift * bytes) % LINE_BYTES === 0 && l.laneStep(form, at)?.equals(bytes))
      l.b.push({ kind: "ahead", at: l.b.access(l.addressOf(form, at)) });
  };
  for (const x of reach(n.args, y => y.kind === "reduce")) {
    if (x.kind !== "load" || !isTensor(x.tensor) || !l.axes(x).includes(row)) continue;
    const { checks, strict, row: form } = planOf(l, x);
    if (checks.length + strict.length === 0) ask(form, x.tensor, new Map(offs).set(row, 1));
  }
  for (const s of l.kernel.stores) {
    if (s.combine || s.when || !l.axes({ axes: axesOfStore(s) }).every(a => l.bindings.has(a))) continue;
    const storage = l.storageOf(s.tensor);
    ask(l.form(storage, s.index, storage.base), s.tensor, offs);
  }
}

/**
 * For the step of a contraction whose first register is at `offs`: what this row asks for of the next block's panel of weights. Rows ask for stretches
 * that follow each other; while a row walks its panel from start to end, it walks its stretch of the next one, which is 2, 4, 8 … times as short.
 */
function askForPanel(l: Lowering, n: NodeOf<"reduce">, offs: Offsets): void {
  const perRow = l.schedule.panelsAhead?.[l.names.value(n)];
  const lane = l.lane;
  if (perRow === undefined || !lane) return;
  const weights = n.args.find((x): x is NodeOf<"load"> => x.kind === "load" && l.axes(x).includes(lane));
  if (!weights || !isTensor(weights.tensor)) return;
  const { checks, strict, row: form } = planOf(l, weights);
  if (checks.length + strict.length > 0 || !form.block) return;
  const { size, panelBytes, elementBytes } = form.block;
  const over = l.axes({ axes: n.over });
  const rows = l.axes(n).filter(a => a !== lane && !over.includes(a) && !form.axes.includes(a));
  const step = size * elementBytes;
  const together = rows.reduce((p, a) => p * l.bindings.get(a)!.micro, 1);
  const shorter = 2 ** Math.max(0, Math.floor(Math.log2(step / (perRow * together))));
  const depth = panelBytes.divideExactly(step);
  let walked = Poly.zero;
  for (const a of over) {
    const stride = form.linear.coef(a.sym);
    if (!stride || stride.terms.some(t => t.c % shorter !== 0)) return;
    walked = walked.add(stride.mul(l.position(a, offs)));
  }
  let before = Poly.zero;
  for (const a of rows) before = before.mul(a.extent).add(l.position(a, offs));
  const { lo, hi } = l.range(lane);
  const next = hi.sub(lo).mul(panelBytes.divideExactly(size));
  const at = l.addressOf(form, offs).sub(walked).add(walked.divideExactly(shorter));
  l.b.push({ kind: "ahead", at: l.b.access(at.add(next).add(before.mul(depth.mul(perRow)))) });
}

/** Where a fold walks a tensor step by step: what the vector at `offs` will be in the next step. */
function askForStep(l: Lowering, { tensor }: NodeOf<"load">, form: Form, offs: Offsets): void {
  const name = isTensor(tensor) ? l.schedule.stepsAhead?.[tensor.name] : undefined;
  const lane = l.lane;
  if (name === undefined || !isTensor(tensor) || !lane) return;
  if (((offs.get(lane) ?? 0) * bytesOf(tensor.dtype)) % LINE_BYTES !== 0) return;
  const axis = form.axes.find(a => l.names.axis(a) === name && l.bindings.has(a));
  if (!axis || !l.laneStep(form, offs)?.equals(bytesOf(tensor.dtype))) return;
  const at = l.addressOf(form, new Map(offs).set(axis, 1));
  l.b.memo(l.b.scope, `ahead ${at.key}`, () => {
    l.b.push({ kind: "ahead", at: l.b.access(at) });
    return true;
  });
}

/** How reductions and reads ask, on targets that can. */
export const askAhead = { row: askForRow, panel: askForPanel, step: askForStep };
