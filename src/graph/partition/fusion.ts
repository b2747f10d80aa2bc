// Which producers a kernel computes on the way instead of reading them from memory. The law: recomputation (iteration space at
// the use ÷ domain of the value) × cost must not exceed store + reload; decided exactly from how bodies read, never by operator names.
import { type Layout } from "../../ir/tile.js";
import { constantDims, countOf } from "../constants.js";
import { type Value } from "../graph.js";
import { sameStorage } from "./layout.js";
import type { BoundNode } from "../bind.js";
import { type Pattern, type Read } from "./pattern.js";

/** Tensors that one kernel reads: beyond this, address registers spill. */
const MAX_TENSORS = 12;
/** Arithmetic of one kernel per element: beyond this, code size grows faster than traffic shrinks. */
const MAX_COST = 200;

export interface Producer {
  readonly bound: BoundNode;
  readonly output: string;
  readonly pattern: Pattern;
}
export interface FusionView {
  /** the element body that makes the value; undefined: it comes from memory in any case */
  producer(v: Value): Producer | undefined;
  /** nodes that read the value; undefined: somebody outside the kernels does (an output, a branch, a whole-kernel operator) */
  consumers(v: Value): ReadonlySet<BoundNode> | undefined;
  layout(v: Value): Layout;
}
export interface Decision {
  readonly value: string;
  readonly inlined: boolean;
  readonly reason: string;
}

/** Values inlined into the kernel of `root`, which must have a producer; decisions are for explain(). */
export function fuse(root: Value, view: FusionView, decisions: Decision[] = []): Set<Value> {
  const members = new Set<Value>();
  const nodes = new Set<BoundNode>([view.producer(root)!.bound]);
  const start = view.producer(root)!.pattern;
  const state = { contraction: start.contraction, cost: start.cost, tensors: start.reads.length };
  /** members of which one evaluation serves several output elements: below a reduction, or the same along a row */
  const shared = new Set<Value>();
  /** members that are the same for all output elements: every block computes them */
  const constant = new Set<Value>();
  /** members of which elements are read at places that a tensor tells: that these are inside is checked where memory is read */
  const picked = new Set<Value>();
  /** members of which a part is read, or that are read by such */
  const sliced = new Set<Value>();
  const refused = new Map<Value, string>();
  for (let grown = true; grown; ) {
    grown = false;
    for (const consumer of [root, ...members])
      for (const { value } of view.producer(consumer)!.pattern.reads) {
        const producer = view.producer(value);
        if (members.has(value) || !producer) continue;
        const readers = view.consumers(value);
        const consumers = readers && [...readers];
        // consumers outside now may be members later, so this refusal is not final
        if (!consumers?.every(n => nodes.has(n))) {
          refused.set(value, "has readers outside this kernel");
          continue;
        }
        const isPicked = picks(value, [root, ...members], picked, view);
        const isSliced = isPart(value, [root, ...members], sliced, view);
        const reason =
          (isSliced && producer.pattern.reduction ? "parts of what is reduced are read from memory" : undefined) ??
          reducedAgain(value, producer, consumers, [root, ...members], constant, view) ??
          (isPicked && !tellsOutside(value, producer.pattern)
            ? "it is read at places that a tensor tells, and memory that tells wrong ones has other dims"
            : refusal(value, producer, [root, ...members], shared, view, state));
        if (reason) {
          refused.set(value, reason);
          continue;
        }
        members.add(value);
        nodes.add(producer.bound);
        if (isShared(value, [root, ...members], shared, view)) shared.add(value);
        if (isPicked) picked.add(value);
        if (isSliced) sliced.add(value);
        if (isConstant(value, [root, ...members], constant, view)) constant.add(value);
        refused.delete(value);
        state.contraction ||= producer.pattern.contraction;
        state.cost += producer.pattern.cost;
        state.tensors += producer.pattern.reads.length - 1;
        grown = true;
      }
  }
  for (const m of members) decisions.push({ value: m.name, inlined: true, reason: "read where it is made" });
  for (const [v, reason] of refused) decisions.push({ value: v.name, inlined: false, reason });
  return members;
}

/** Who would compute a reduction again; undefined: it is none, or nobody would. */
function reducedAgain(
  value: Value,
  { pattern }: Producer,
  consumers: readonly BoundNode[],
  kernel: readonly Value[],
  constant: ReadonlySet<Value>,
  view: FusionView,
): string | undefined {
  if (!pattern.reduction) return undefined;
  if (isConstant(value, kernel, constant, view)) return "each block would compute it again";
  return consumers.some(makesSeveral) ? "the kernel of another output would compute it again" : undefined;
}
/** Each output of a node has a kernel of its own. */
const makesSeveral = ({ outputs }: BoundNode): boolean => Object.keys(outputs).length > 1;

const isShared = (value: Value, kernel: readonly Value[], shared: ReadonlySet<Value>, view: FusionView): boolean =>
  kernel.some(consumer =>
    view
      .producer(consumer)!
      .pattern.reads.some(
        read => read.value === value && (shared.has(consumer) || read.reduced || read.extraOutputs.length > 0),
      ),
  );

/** Does the kernel read it at places that a tensor tells, or below such a read? */
const picks = (value: Value, kernel: readonly Value[], picked: ReadonlySet<Value>, view: FusionView): boolean =>
  kernel.some(consumer =>
    view.producer(consumer)!.pattern.reads.some(read => read.value === value && (read.picks || picked.has(consumer))),
  );

/** Does the kernel read a part of it, or of what reads it? That a place is inside of a dim of its own is not known there: a loop of a sum would look for each element. */
const isPart = (value: Value, kernel: readonly Value[], sliced: ReadonlySet<Value>, view: FusionView): boolean =>
  kernel.some(consumer =>
    view.producer(consumer)!.pattern.reads.some(read => read.value === value && (!read.bare || sliced.has(consumer))),
  );

/** Is a place outside of the value outside of something that its body reads, and no other? */
const tellsOutside = (value: Value, { reads }: Pattern): boolean =>
  reads.every(r => !r.beyond) &&
  value.dims!.every((d, i) => (d.isConst && d.constant === 1) || reads.some(r => r.bare && r.position.includes(i)));

/** Read as one number for all of several rows, or below such a read. One row is one block. */
const isConstant = (value: Value, kernel: readonly Value[], constant: ReadonlySet<Value>, view: FusionView): boolean =>
  kernel.some(consumer =>
    view.producer(consumer)!.pattern.reads.some(read => {
      if (read.value !== value) return false;
      const dims = consumer.dims!.flatMap((d, i) => (d.isConst && d.constant === 1 ? [] : [i]));
      return constant.has(consumer) || (dims.length > 1 && dims.every(d => read.extraOutputs.includes(d)));
    }),
  );

/** Why the value is better kept in memory; undefined: inline it. */
function refusal(
  value: Value,
  { pattern }: Producer,
  kernel: readonly Value[],
  shared: ReadonlySet<Value>,
  view: FusionView,
  state: { readonly contraction: boolean; readonly cost: number; readonly tensors: number },
): string | undefined {
  const moves = pattern.cost === 0 && !pattern.reduction;
  if (!moves && state.cost + pattern.cost > MAX_COST) return "the kernel would grow too large";
  if (state.tensors + pattern.reads.length - 1 > MAX_TENSORS) return "the kernel would read too many tensors";
  if (pattern.contraction && state.contraction) return "the kernel has a contraction already";
  for (const consumer of kernel) {
    const at = view.producer(consumer)!.pattern;
    if (pattern.contraction && shared.has(consumer) && at.reads.some(r => r.value === value))
      return "a contraction below a reduction is kept";
    for (const read of at.reads) {
      if (read.value !== value) continue;
      const reason = readRefusal(value, pattern, moves, consumer, at, read, view);
      if (reason) return reason;
    }
  }
  return undefined;
}

function readRefusal(
  value: Value,
  pattern: Pattern,
  moves: boolean,
  consumer: Value,
  at: Pattern,
  read: Read,
  view: FusionView,
): string | undefined {
  if (!read.bare && !areApart(value, pattern, consumer, at)) return "read through a window or at computed places";
  const isOneRow = !read.position.some(p => typeof p === "number");
  if (moves && at.reduction && pattern.reads.some(r => !r.direct) && !isOneRow)
    return "a loop would compute addresses again and again";
  if (moves) return undefined;
  if (at.contraction) return "a contraction would compute it again for every panel";
  if (!isTrailing(read.extraOutputs, consumer, view.layout(consumer)))
    return "it would be computed again along an outer dim";
  if (!pattern.reduction) return undefined;
  if (pattern.contraction && read.reduced) return "a contraction below a reduction is kept";
  if (pattern.contraction && read.extraOutputs.length > 0) return "a contraction would be computed again";
  if (read.position.some((p, d) => p !== d && p !== "zero" && p !== "other"))
    return "the reduction's dims are permuted";
  if (
    pattern.contraction &&
    !sameStorage(read.position, value, view.layout(value).order, consumer, view.layout(consumer).order)
  )
    return "the contraction's order in memory differs";
  return undefined;
}

/** Slices that are read one by one, and are no more than the value altogether: nothing is computed again. */
function areApart(value: Value, pattern: Pattern, consumer: Value, at: Pattern): boolean {
  const reads = at.reads.filter(r => r.value === value);
  if (pattern.reduction || !reads.every(r => r.direct && !r.reduced)) return false;
  const whole = constantDims(value.dims);
  const each = constantDims(consumer.dims);
  return whole !== undefined && each !== undefined && reads.length * countOf(each) <= countOf(whole);
}

/** Values that do not vary along the innermost dims in memory are computed once per row: no recomputation. */
function isTrailing(extra: readonly number[], consumer: Value, layout: Layout): boolean {
  const order = layout.order.filter(d => !(consumer.dims![d]!.isConst && consumer.dims![d]!.constant === 1));
  return order.slice(order.length - extra.length).every(d => extra.includes(d));
}
