// Memory that is asked for before it is needed: while a reduction computes a row, the next row of what it reads, and the row that will be
// written. Processors foresee what follows in memory, but not across the time that a row of exponentials takes.
import { bytesOf } from "../../ir/dtypes.js";
import type { NodeOf, Tensor } from "../../ir/tile.js";
import { isTensor, reach } from "../../ir/tile.js";
import { axesOfStore } from "../../ir/walk.js";
import { planOf } from "./loads.js";
import type { Lowering, Offsets } from "./state.js";
import type { Form } from "./storage.js";

/** bytes that come from memory together */
const LINE_BYTES = 64;

/** For the vector at `offs`, `shift` elements behind the first of this turn. */
export function askAhead(l: Lowering, n: NodeOf<"reduce">, offs: Offsets, shift: number): void {
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
