// Reads of tensors, scratch and materialised tiles. A read outside the tensor gives the load's fill: provably inside, nothing is
// checked; else the row's pointer is that of a row of fill values; where the lane itself may leave, the vector is guarded.
import { isInside } from "../../ir/bounds.js";
import type { Dtype } from "../../ir/dtypes.js";
import { bytesOf } from "../../ir/dtypes.js";
import { layoutOf } from "../../ir/layout.js";
import { opaque, Poly, Sym } from "../../ir/poly.js";
import type { Axis, Node, NodeOf } from "../../ir/tile.js";
import { axesOf, gathersIn, isTensor } from "../../ir/tile.js";
import { byLane } from "./cells.js";
import { lanesOf, loadLanes, loadScalar, loadSplat, scratchDtype } from "./convert.js";
import type { Expr } from "./loop.js";
import { op, read, select } from "./loop.js";
import type { Scope } from "./scope.js";
import type { Buffer, Lowering, Offsets } from "./state.js";
import type { Form, Storage } from "./storage.js";
import { requireInside } from "./strict.js";

/** An index that may be outside of its tensor. */
export interface Check {
  readonly index: Poly;
  readonly form: Form;
  readonly size: Poly;
}
/** How a load reaches memory: indices to look at, and the address in two parts. */
export interface LoadPlan {
  readonly dtype: Dtype;
  /** outside, the fill is read */
  readonly checks: readonly Check[];
  /** gathered: outside is an error */
  readonly strict: readonly Check[];
  /** base and every dim that decides whether, or lies outside what decides whether, the read is inside */
  readonly row: Form;
  /** dims inside the row */
  readonly run: Form;
  /** over which the row, and whether it is inside, vary */
  readonly rowAxes: readonly Axis[];
  readonly fill: number;
}

export function loadBuffer(l: Lowering, b: Buffer, offs: Offsets): Expr {
  return loadForm(l, b.form, b.storage.dtype, offs, "");
}

export function loadTensor(l: Lowering, n: NodeOf<"load">, offs: Offsets): Expr {
  const plan = planOf(l, n);
  requireInside(l, plan.strict, offs);
  if (plan.checks.length === 0) {
    l.askAhead?.step(l, n, plan.row, offs);
    return loadForm(l, plan.row, plan.dtype, offs, "");
  }
  const lane = l.lane;
  if (lane && plan.checks.some(c => c.form.axes.includes(lane))) return guarded(l, n, plan, offs);
  // lanes in the row's own part: side by side they are read from the first one's row, else each has its own
  const step = lane && plan.row.axes.includes(lane) ? l.laneStep(plan.row, offs) : Poly.zero;
  if (!step?.isConst || (step.constant !== 0 && step.constant !== bytesOf(plan.dtype))) return byLane(l, n, offs);
  const row = rowPointer(l, n, plan, offs);
  return loadForm(l, plan.run, plan.dtype, offs, `r${row.id}`, Poly.sym(row), step);
}

const plans = new WeakMap<Lowering, Map<string, LoadPlan>>();
/** Plans depend on which axes are known to stay inside, and on the storage that scratch has now. */
export function planOf(l: Lowering, n: NodeOf<"load">): LoadPlan {
  let mine = plans.get(l);
  if (!mine) {
    mine = new Map();
    plans.set(l, mine);
  }
  const proven = provenDims(n);
  const inside =
    proven.every(Boolean) || l.inside.size === 0
      ? proven
      : proven.map((p, d) => p || (!isGather(n.index[d]!) && staysInside(l, n.index[d]!)));
  const storage = isTensor(n.tensor) ? l.storageOf(n.tensor) : bufferOf(l, n.tensor.value).storage;
  const key = `${n.id}:${inside === proven ? "" : inside.map(Number).join("")}:${storage.base.key}:${l.substitution.size}`;
  let plan = mine.get(key);
  if (!plan) {
    plan = makePlan(l, n, inside);
    mine.set(key, plan);
  }
  return plan;
}
const proofs = new WeakMap<Node, readonly boolean[]>();
/** dims whose index is inside for all sizes and positions */
function provenDims(n: NodeOf<"load">): readonly boolean[] {
  let known = proofs.get(n);
  if (!known) {
    const dims = isTensor(n.tensor) ? n.tensor.dims : n.tensor.axes.map(a => a.extent);
    known = dims.map((size, d) => isInside(n.index[d]!, size));
    proofs.set(n, known);
  }
  return known;
}
const isGather = (p: Poly): boolean => gathersIn(p).length > 0;
const staysInside = (l: Lowering, index: Poly): boolean => axesOf(index).some(a => l.inside.has(a));
const bufferOf = (l: Lowering, value: Node): Buffer =>
  (value.kind === "state" || value.kind === "result") && !value.fold.cells
    ? l.states.get(value.fold)![value.slot]!
    : l.buffers.get(value)!;

/** A load in terms of memory: index by dim of the storage, and which dim of the load each of them is (-1: none, a point). */
interface Source {
  readonly storage: Storage;
  readonly index: readonly Poly[];
  readonly dims: readonly number[];
  readonly order: readonly number[];
  readonly sizes: readonly Poly[];
}
function source(l: Lowering, n: NodeOf<"load">): Source {
  if (isTensor(n.tensor)) {
    const all = n.index.map((_, d) => d);
    const copied = l.copies.has(n.tensor.name) ? l.schedule.place[n.tensor.name]?.layout : undefined;
    const order = (copied ?? n.tensor.layout ?? l.schedule.layouts[n.tensor.name])?.order ?? all;
    return { storage: l.storageOf(n.tensor), index: n.index, dims: all, order, sizes: n.tensor.dims };
  }
  const { value, axes } = n.tensor;
  const buffer = bufferOf(l, value);
  const dims = buffer.axes.map(a => axes.indexOf(a));
  // the buffer holds the value from the first index of the current block on
  const index = buffer.axes.map((a, i) => (dims[i]! < 0 ? Poly.sym(a.sym) : n.index[dims[i]!]!).sub(buffer.first[i]!));
  return { storage: buffer.storage, index, dims, order: dims.map((_, i) => i), sizes: buffer.axes.map(a => a.extent) };
}

function makePlan(l: Lowering, n: NodeOf<"load">, inside: readonly boolean[]): LoadPlan {
  const { storage, index, dims, order, sizes } = source(l, n);
  const extents = isTensor(n.tensor) ? n.tensor.dims : n.tensor.axes.map(a => a.extent);
  const isOpen = (d: number): boolean => !inside[d] && !isGather(n.index[d]!);
  const checkOf = (size: Poly, d: number): Check => ({ index: n.index[d]!, form: l.indexForm(n.index[d]!), size });
  const checks = extents.flatMap((size, d) => (isOpen(d) ? [checkOf(size, d)] : []));
  const strict = extents.flatMap((size, d) => (inside[d] || isOpen(d) ? [] : [checkOf(size, d)]));
  const none = l.form(storage, [], Poly.zero);
  const planned = (row: Form, run: Form): LoadPlan => {
    const rowAxes = [...new Set([...row.axes, ...checks.flatMap(c => c.form.axes)])];
    return { dtype: storage.dtype, checks, strict, row, run, rowAxes, fill: Number(n.fill) };
  };
  if (checks.length === 0) return planned(l.form(storage, index, storage.base), none);
  // dims whose stride is smaller than that of every checked one lie inside the row
  const isChecked = (i: number): boolean => dims[i]! >= 0 && isOpen(dims[i]!);
  const lastChecked = Math.max(...order.map((i, at) => (isChecked(i) ? at : -1)));
  const isRun = (i: number): boolean => order.indexOf(i) > lastChecked && storage.block?.dim !== i;
  const run = l.form(storage, index, Poly.zero, isRun);
  let bytes = Poly.int(l.overrunBytes);
  sizes.forEach((size, i) => {
    if (isRun(i)) bytes = bytes.add(size.mul(storage.strides[i]!));
  });
  l.fillBytes = opaque("max", l.fillBytes, bytes);
  return planned(
    l.form(storage, index, storage.base, i => !isRun(i)),
    run,
  );
}

/** 0 ≤ index < size for every check, as one unsigned comparison each */
export function insideExpr(l: Lowering, checks: readonly Check[], offs: Offsets): Expr {
  return checks
    .map(c => op("i32.lt_u", l.b.int(l.addressOf(c.form, offs)), l.b.int(c.size)))
    .reduce((a, b) => op("i32.and", a, b));
}

/** The address of the row, or of the row of fill values. Taps of neighbouring pixels share rows: what is equal is computed once. */
function rowPointer(l: Lowering, n: NodeOf<"load">, plan: LoadPlan, offs: Offsets): Sym {
  const axes = plan.rowAxes;
  const gathers = n.index.some(isGather) || !isTensor(n.tensor);
  const home = gathers ? l.homeOf(axes) : l.freeHomeOf(axes);
  return l.b.memo(home, `p${n.id}/${plan.row.id}${l.offsetKey(axes, offs)}`, () => {
    const positions = plan.checks.map(c => l.addressOf(c.form, offs).key);
    return l.b.memo(home, `p${plan.fill}|${l.addressOf(plan.row, offs).key}|${positions.join("|")}`, () => {
      const table = l.pointerTables.get(n);
      const pointer = table
        ? ({ kind: "load", op: "i32", at: l.b.access(l.addressOf(table.form, offs)) } as const)
        : rowExpr(l, plan, offs);
      return l.b.bind(new Sym("row"), l.b.set(pointer, "row"));
    });
  });
}
export function rowExpr(l: Lowering, plan: LoadPlan, offs: Offsets): Expr {
  const fill = l.b.int(l.fillBase(plan.dtype, plan.fill));
  return select("i32", insideExpr(l, plan.checks, offs), l.b.int(l.addressOf(plan.row, offs)), fill);
}

/** Reads at an address that is known to be good; two reads of one address are one. */
function loadForm(
  l: Lowering,
  form: Form,
  d: Dtype,
  offs: Offsets,
  tag: string,
  base?: Poly,
  baseStep = Poly.zero,
): Expr {
  const relative = l.addressOf(form, offs);
  const home = base ? deeper(l.b.home(relative), l.b.home(base)) : l.b.home(relative);
  return l.b.memo(deeper(home, l.region), `f${form.id}${tag}${l.offsetKey(form.axes, offs)}`, () => {
    const address = base ? relative.add(base) : relative;
    const step = l.lane ? l.laneStep(form, offs)?.add(baseStep) : undefined;
    return l.b.memo(l.b.scope, `l${d}${address.key}/${l.lane ? (step?.key ?? form.id) : "scalar"}`, () =>
      read(l.b.set(fetched(l, form, d, offs, tag, address, base, step), "v")),
    );
  });
}
const deeper = (a: Scope, b: Scope): Scope => (b.depth > a.depth ? b : a);
function fetched(
  l: Lowering,
  form: Form,
  d: Dtype,
  offs: Offsets,
  tag: string,
  address: Poly,
  base: Poly | undefined,
  step: Poly | undefined,
): Expr {
  if (!l.lane) return loadScalar(d, l.b.access(address), l);
  if (step?.isZero) return loadSplat(d, l.b.access(address), l);
  if (step?.isConst && step.constant === bytesOf(d)) return loadLanes(d, l.b.access(address), l);
  if (step && (d === "f32" || d === "i32" || d === "u32")) {
    let out = loadSplat(d, l.b.access(address), l);
    for (let i = 1; i < l.lanes; i++)
      out = { kind: "loadLane", lane: i, vector: out, at: l.b.access(address.add(l.at(step, offs).mul(i))) };
    return out;
  }
  const parts = l.eachLane(i => {
    const at = l.atLane(offs, i);
    return l.scalarly(() => loadForm(l, form, d, at, tag, base));
  });
  return lanesOf(d, parts);
}

/** The lane axis may leave the tensor: a whole vector where it does not, else lane by lane. */
function guarded(l: Lowering, n: NodeOf<"load">, plan: LoadPlan, offs: Offsets): Expr {
  const lane = l.lane!;
  const axes = [...new Set([...plan.row.axes, ...plan.run.axes, ...plan.checks.flatMap(c => c.form.axes)])];
  return l.b.memo(l.homeOf(axes), `q${n.id}/${plan.row.id}${l.offsetKey(axes, offs)}`, () => {
    const steps = plan.checks.map(c => c.form.linear.coef(lane.sym));
    const element = layoutOf(plan.dtype, [], undefined).bytes;
    const step = l.laneStep(plan.row, offs);
    const run = l.laneStep(plan.run, offs);
    const contiguous = step && run && step.add(run).equals(element);
    const monotone =
      steps.every(s => s?.isConst) && !plan.checks.some(c => [...c.index.syms].some(s => s.def?.op === "value"));
    const byLane = (): Expr => {
      const parts = l.eachLane(i => {
        const at = l.atLane(offs, i);
        return l.scalarly(() => {
          const pointer = l.keep(rowExpr(l, plan, at));
          const inRow = l.addressOf(plan.run, at);
          return l.keep(loadScalar(plan.dtype, { pointer: op("i32.add", pointer, l.b.int(inRow)), offset: 0 }, l));
        });
      });
      return lanesOf(plan.dtype, parts);
    };
    if (!contiguous || !monotone) return read(l.b.set(byLane(), "v"));
    const out = l.b.set(l.word(0), "v");
    const whole = op(
      "i32.and",
      insideExpr(l, plan.checks, offs),
      insideExpr(l, plan.checks, l.atLane(offs, l.lanes - 1)),
    );
    l.b.branch(
      whole,
      () => {
        const address = l.addressOf(plan.row, offs).add(l.addressOf(plan.run, offs));
        l.b.push({ kind: "set", reg: out, value: loadLanes(plan.dtype, { pointer: l.b.int(address), offset: 0 }, l) });
      },
      () => l.b.push({ kind: "set", reg: out, value: byLane() }),
    );
    return read(out);
  });
}

/** Scratch or shared memory for a value over these axes. */
export function newBuffer(
  l: Lowering,
  dtype: Dtype,
  axes: readonly Axis[],
  place: "scratch" | "shared",
  block?: { axis: number; size: number },
): Buffer {
  const d = scratchDtype[dtype];
  const sizes = axes.map(a => l.range(a).size);
  const order = block ? [block.axis, ...axes.map((_, i) => i).filter(i => i !== block.axis)] : axes.map((_, i) => i);
  const layout = layoutOf(d, sizes, { order, ...(block ? { block: { dim: block.axis, size: block.size } } : {}) });
  const storage: Storage = {
    ...layout,
    base: place === "scratch" ? l.allocate(layout.bytes) : l.allocateShared(layout.bytes),
  };
  const first = axes.map(a => l.range(a).lo);
  return { storage, axes, dtype, first, form: bufferForm(l, storage, axes, first), ready: false };
}
export const bufferForm = (l: Lowering, storage: Storage, axes: Buffer["axes"], first: readonly Poly[]): Form =>
  l.form(
    storage,
    axes.map((a, i) => Poly.sym(a.sym).sub(first[i]!)),
    storage.base,
  );
