// Kernel + Schedule → loop IR. This is the outermost layer: fused axes, phases, blocks of the grid.
import { layoutOf } from "../../ir/layout.js";
import { ceilDiv, opaque, Poly, Sym } from "../../ir/poly.js";
import type { Axis, Kernel, NodeOf, Tensor } from "../../ir/tile.js";
import { gathersIn, isTensor, newAxis, node } from "../../ir/tile.js";
import { runTimeBlocks } from "../../schedule/run-time-blocks.js";
import type { Place, Schedule } from "../../schedule/schedule.js";
import { verifySchedule } from "../../schedule/verify.js";
import { AzulejoError } from "../../support/errors.js";
import { gatherIndex } from "./cells.js";
import { lowerFold, storesSomething } from "./folds.js";
import { rowLoop } from "./lanes.js";
import { newBuffer, planOf, rowExpr } from "./loads.js";
import type { Func, Reg } from "./loop.js";
import { add, lesser } from "./loop.js";
import { verifyFunc } from "./loop-verify.js";
import type { Lowered, Phase } from "./lowered.js";
import { mergeParts, partedFolds, walkPart } from "./parts.js";
import { eachSegment } from "./segments.js";
import { lowerRegion, lowerStage, storeSink } from "./stages.js";
import type { Sink } from "./state.js";
import { Lowering, origin } from "./state.js";
import type { Storage } from "./storage.js";

/** rows of a table of pointers that one block makes */
const TABLE_BLOCK = 1024;

/** `code`: whose code calls of intrinsics stand for, where they are without a meaning. `ask`: of targets that can ask for memory ahead. */
export function lower(kernel: Kernel, schedule: Schedule, code?: "wasm" | "c", ask?: Lowering["askAhead"]): Lowered {
  const l = new Lowering(kernel, schedule, code);
  l.askAhead = ask;
  verifySchedule(kernel, schedule, l.names);
  l.gather = (n, offs) => gatherIndex(l, n, offs);
  l.grid = fuse(l);
  const phases: Phase[] = [
    ...copiedTensors(l).map(([t, place]) => copyPhase(l, t, place)),
    ...pointerLoads(l).map(n => tablePhase(l, n)),
    ...gridPhases(l),
  ];
  for (const p of phases) verifyFunc(p.func);
  return {
    name: kernel.name,
    phases,
    params: l.params,
    blockSizes: l.blockSizes,
    pool: new Uint8Array(Int32Array.from(l.pool).buffer),
    scratchBytes: opaque("max", l.freed, l.scratchBytes),
    sharedBytes: l.sharedBytes,
    fillBytes: l.fillBytes,
    stages: l.stages,
  };
}

/** Fused axes get a new one in their place; returns the grid that results. */
function fuse(l: Lowering): readonly Axis[] {
  let grid = [...l.kernel.grid];
  const made = new Map<string, Axis>();
  const find = (name: string): Axis => {
    const a = made.get(name) ?? l.names.axisNamed(name);
    if (!a)
      throw new AzulejoError(
        "schedule",
        `kernel "${l.kernel.name}": there is no axis "${name}" to fuse; use the names that explain prints`,
      );
    return a;
  };
  for (const [outerName, innerName, as] of l.schedule.fuse) {
    const [outer, inner] = [find(outerName), find(innerName)];
    const whole = newAxis(as, outer.extent.mul(inner.extent));
    made.set(as, whole);
    const parts = new Map([
      [outer.sym, opaque("div", Poly.sym(whole.sym), inner.extent)],
      [inner.sym, opaque("mod", Poly.sym(whole.sym), inner.extent)],
    ]);
    // an axis that was fused before is itself a part now
    for (const [s, p] of l.substitution)
      l.substitution.set(
        s,
        p.subst(x => parts.get(x)),
      );
    for (const [s, p] of parts) l.substitution.set(s, p);
    for (const [a, into] of l.fusedInto) if (into === outer || into === inner) l.fusedInto.set(a, whole);
    l.fusedInto.set(outer, whole);
    l.fusedInto.set(inner, whole);
    grid = grid.flatMap(a => (a === outer ? [whole] : a === inner ? [] : [a]));
  }
  return grid;
}

/** An axis in blocks of `size` indices, a number or a word of the call. */
interface Blocked {
  readonly axis: Axis;
  readonly size: Poly;
}

/** Runs `body` as a function (params, block, scratch) whose block number is cut into blocks of these axes. */
function phase(l: Lowering, name: string, axes: readonly Blocked[], body: () => void): Phase {
  const regs = l.startFunction();
  const blocks = bindBlocks(l, axes, regs[1]);
  body();
  for (const { axis } of axes) {
    l.bindings.delete(axis);
    l.ranges.delete(axis);
  }
  const func: Func = { name, params: regs, body: l.b.root.statements };
  return { func, blocks };
}

/** The last axis runs fastest. Returns the number of blocks. */
function bindBlocks(l: Lowering, axes: readonly Blocked[], block: Reg): Poly {
  let rest = Poly.sym(l.b.bind(new Sym("block"), block));
  let total = Poly.one;
  const last = axes.length - 1;
  for (let i = last; i >= 0; i--) {
    const { axis, size } = axes[i]!;
    const count = ceilDiv(axis.extent, size);
    total = total.mul(count);
    const isOne = count.isConst && count.constant <= 1;
    const index = isOne ? Poly.zero : i === 0 ? rest : opaque("mod", rest, count);
    if (!isOne && i > 0) rest = opaque("div", rest, count);
    // one index is a value by itself, but the part of a segment that lies in its block may be empty
    if (size.equals(1) && axis !== l.kernel.segments?.axis) {
      l.bind(axis, index);
      continue;
    }
    const lo = index.mul(size);
    const whole = axis.extent.isConst && size.isConst && axis.extent.constant % size.constant === 0;
    const end = (): Poly => {
      const reg = l.b.set(lesser(l.keep(add(l.b.int(lo), l.b.int(size))), l.keep(l.b.int(axis.extent))), "end");
      return Poly.sym(l.b.bind(new Sym("end"), reg));
    };
    const known =
      axis.extent.isConst && size.isConst
        ? { sizes: [...new Set([Math.min(size.constant, axis.extent.constant), axis.extent.constant % size.constant])] }
        : {};
    l.ranges.set(axis, { lo, hi: isOne ? axis.extent : whole ? lo.add(size) : end(), size, ...known });
  }
  return total;
}

/** The kernel's own body, after the parts of folds that are cut. */
function gridPhases(l: Lowering): Phase[] {
  const blocked = blockedAxes(l);
  const { kernel } = l;
  const { segments } = kernel;
  const inSegments = (body: () => void): (() => void) => (segments ? () => eachSegment(l, segments, body) : body);
  const body = (): void => {
    for (const f of kernel.folds) if (storesSomething(f)) lowerFold(l, f);
    const sinks = kernel.stores.map(s => storeSink(l, s));
    if (sinks.length) lowerRegion(l, sinks, f => lowerFold(l, f));
  };
  const blocks = Poly.product(blocked.map(({ axis, size }) => ceilDiv(axis.extent, size)));
  const parted = partedFolds(l, blocks);
  const parts = parted.map(p => {
    const at = newAxis(p.axis.name, p.count);
    const walk = inSegments(() => walkPart(l, p, at));
    return phase(l, `${kernel.name}.${p.axis.name}`, [{ axis: at, size: Poly.one }, ...blocked], () => l.apart(walk));
  });
  const [first] = parted;
  if (!first) return [phase(l, kernel.name, blocked, inSegments(body))];
  const merged = (): void => {
    for (const p of parted) mergeParts(l, p);
    body();
  };
  const choose = (): void =>
    l.b.branch(
      l.b.int(first.count),
      () => l.apart(inSegments(merged)),
      () => l.apart(inSegments(body)),
    );
  return [...parts, phase(l, kernel.name, blocked, choose)];
}
/** Axes of the grid that are cut into blocks, in the order in which the blocks follow each other. */
function blockedAxes(l: Lowering): Blocked[] {
  const order = l.schedule.order ?? [];
  const rank = (a: Axis): number => order.indexOf(l.names.axis(a));
  const grid = [...l.grid].sort((a, b) => rank(a) - rank(b));
  const units = runTimeBlocks(l.kernel, l.schedule);
  return grid.flatMap((axis): Blocked[] => {
    const name = l.names.axis(axis);
    const size = l.schedule.block[name];
    const unit = units.get(name);
    if (size === undefined) return [];
    return [{ axis, size: unit === undefined ? Poly.int(size) : l.blockSize(name, unit) }];
  });
}

// ---- phases before the main one

function copiedTensors(l: Lowering): [Tensor, Place][] {
  return l.kernel.tensors.flatMap((t): [Tensor, Place][] => {
    const place = l.schedule.place[t.name];
    return place?.at === "root" && place.layout ? [[t, place]] : [];
  });
}
/** A tensor in another layout, for this call only: the stage "copy ← load". */
function copyPhase(l: Lowering, t: Tensor, place: Place): Phase {
  const layout = layoutOf(t.dtype, t.dims, place.layout);
  const axes = t.dims.map((d, i) => newAxis(`${t.name}${i}`, d));
  const blockDim = place.layout!.block?.dim ?? place.layout!.order[0]!;
  const size = Math.max(place.layout!.block?.size ?? 1, 16);
  const index = axes.map(a => Poly.sym(a.sym));
  const value = node<"load">({ kind: "load", tensor: t, index, fill: 0, axes, dtype: t.dtype });
  const copy: { storage?: Storage } = {};
  const out = phase(l, `${l.kernel.name}.copy.${t.name}`, [{ axis: axes[blockDim]!, size: Poly.int(size) }], () => {
    const storage = { ...layout, base: l.allocateShared(layout.bytes) };
    copy.storage = storage;
    const sink: Sink = {
      name: `copy of ${t.name}`,
      value,
      axes,
      form: l.form(storage, index, storage.base),
      dtype: t.dtype,
      checks: [],
    };
    lowerStage(l, [sink], {
      lane: l.names.axis(axes[blockDim]!),
      vectors: Math.max(1, Math.floor((place.layout!.block?.size ?? 1) / l.lanes)),
      tail: "peel",
    });
  });
  l.copies.set(t.name, copy.storage!);
  return out;
}

/** Only loads that may leave their tensor have something to look up: another of the same tensor may be a residual, inside by itself. */
function pointerLoads(l: Lowering): NodeOf<"load">[] {
  const loads = l.names.values.filter((n): n is NodeOf<"load"> => n.kind === "load" && isTensor(n.tensor));
  return [...new Set(loads)].filter(
    n =>
      l.schedule.pointers.includes((n.tensor as Tensor).name) &&
      !n.index.some(p => gathersIn(p).length > 0) &&
      planOf(l, n).checks.length > 0,
  );
}
/** A table with the address of every row, or of the row of fill values. */
function tablePhase(l: Lowering, n: NodeOf<"load">): Phase {
  const plan = planOf(l, n);
  const axes = plan.rowAxes;
  const first = axes[0];
  const blocks = first ? [{ axis: first, size: Poly.int(TABLE_BLOCK) }] : [];
  const made = phase(l, `${l.kernel.name}.rows.${n.tensor.name}`, blocks, () => {
    const ranges = new Map(l.ranges);
    l.ranges.clear();
    const table = newBuffer(l, "i32", axes, "shared");
    for (const [a, r] of ranges) l.ranges.set(a, r);
    const nest = (d: number): void => {
      const a = axes[d];
      if (a) rowLoop(l, a, [1], () => nest(d + 1));
      else
        l.b.push({
          kind: "store",
          op: "i32",
          at: l.b.access(l.addressOf(table.form, origin)),
          value: rowExpr(l, plan, origin),
        });
    };
    nest(0);
    for (const a of axes) l.bindings.delete(a);
    l.pointerTables.set(n, table);
  });
  return { ...made, once: true };
}
