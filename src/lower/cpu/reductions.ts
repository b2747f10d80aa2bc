// Reductions and contractions by one rule: accumulators for the register tile of the surrounding stage, then loops over the
// reduced axes. Without a lane axis around it, a reduction puts a reduced axis into lanes and adds up horizontally at the end.

import type { Dtype } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import type { Axis, Node, NodeOf } from "../../ir/tile.js";
import { axesOf, isTensor, joinOf, reach, reachCells } from "../../ir/tile.js";
import { isContraction, reductionOrder } from "../../schedule/contraction.js";
import { pairsIn16Bits } from "./byte-bounds.js";
import { cast } from "./casts.js";
import { cell } from "./cells.js";
import { extractLane, fitsLane, registerType } from "./convert.js";
import { constantSize, laneLoop } from "./lanes.js";
import { planOf } from "./loads.js";
import type { Expr, Reg } from "./loop.js";
import { int, op, read, select, zeroVector } from "./loop.js";
import { binary, identity } from "./maps.js";
import { mayOverrun } from "./overrun.js";
import type { Lowering, Offsets } from "./state.js";
import { origin } from "./state.js";

/** a static axis this short is written out, if everything inside it is */
const UNROLL_EXTENT = 8;
/** operations that one loop body may be written out to */
const UNROLL_OPERATIONS = 256;
/** terms of a sum that may begin with what is added to it: those of a longer one would be rounded at the size of that, too often */
const TERMS_FROM_START = 64;
/** sums under way that fill two pipelines of multiply-adds, four cycles each; tiles of fewer (one or two rows) have several for each register */
const BUSY_ACCUMULATORS = 8;

/** Offsets of every register of a value inside the current register tile. */
export function tileOffsets(l: Lowering, axes: readonly Axis[]): Offsets[] {
  let out: Offsets[] = [origin];
  for (const a of axes) {
    const { micro, unit } = l.bindings.get(a)!;
    if (micro > 1) out = out.flatMap(o => Array.from({ length: micro }, (_, i) => new Map(o).set(a, i * unit)));
  }
  return out;
}

/** the accumulator and the products of both halves of x and y */
function pairs(acc: Expr, x: Expr, y: Expr, lanes: boolean): Expr {
  if (lanes) return op("i32x4.dot_i16x8_add_s", acc, x, y);
  const high = (e: Expr): Expr => op("i32.shr_s", e, int(16));
  const low = op("i32.mul", op("i32.extend16_s", x), op("i32.extend16_s", y));
  return op("i32.add", acc, op("i32.add", low, op("i32.mul", high(x), high(y))));
}

const TOP_BITS = 0x80808080 | 0;
/** the accumulator and the products of the four bytes of x and y, which are unsigned in words of u32 */
function quads(l: Lowering, acc: Expr, [x, y]: readonly Expr[], of: readonly Dtype[], lanes: boolean): Expr {
  const [xs, ys] = of.map(d => d !== "u32") as [boolean, boolean];
  if (!lanes) {
    const byte = (e: Expr, signed: boolean, i: number): Expr =>
      signed
        ? op("i32.shr_s", op("i32.shl", e, int(24 - 8 * i)), int(24))
        : op("i32.and", op("i32.shr_u", e, int(8 * i)), int(255));
    return [0, 1, 2, 3].reduce((a, i) => op("i32.add", a, op("i32.mul", byte(x!, xs, i), byte(y!, ys, i))), acc);
  }
  const dot = (a: Expr, u: Expr, s: Expr): Expr => op("i32x4.dot_u8x16_i8x16_add", a, u, s);
  if (xs !== ys) return xs ? dot(acc, y!, x!) : dot(acc, x!, y!);
  // with its top bit turned a byte is read by the other sign, 128 away: what the other bytes times 128 come to is taken away again
  const top = l.word(TOP_BITS);
  const turned = op("v128.xor", xs ? x! : y!, top);
  return xs
    ? op("i32x4.sub", dot(acc, turned, y!), dot(zeroVector, top, y!))
    : op("i32x4.sub", dot(acc, x!, turned), dot(zeroVector, x!, top));
}

/**
 * A product of bytes of which one side stays below 128: that side, and how many sums of two products fit 16 bits. The other side is signed, or
 * below 128 as well.
 */
function smallBytes({ args }: NodeOf<"reduce">): { readonly side: 0 | 1; readonly pairs: number } | undefined {
  const sides = ([0, 1] as const).map(side => {
    const [own, other] = [args[side]!, args[1 - side]!];
    const isSigned = other.dtype === "i32" || pairsIn16Bits(other) > 0;
    return { side, pairs: isSigned ? pairsIn16Bits(own) : 0 };
  });
  const best = sides[0]!.pairs > sides[1]!.pairs ? sides[0]! : sides[1]!;
  return best.pairs >= 1 ? best : undefined;
}

/** All registers of the tile at once; they are remembered in the current scope, and the one at `offs` is returned. */
export function reduce(l: Lowering, n: NodeOf<"reduce">, offs: Offsets, key: string, start?: Start): Expr {
  const apart = separated(l, n);
  for (const a of apart) l.fusedInto.delete(a.axis);
  for (const a of apart) l.substitution.delete(a.axis.sym);
  new Reduction(l, n, offs, start).run();
  for (const a of apart) l.fusedInto.set(a.axis, a.whole);
  for (const a of apart) l.substitution.set(a.axis.sym, a.part);
  return l.b.scope.memo.get(key) as Expr;
}

/** A sum that begins with what is added to it: the addition, and its other operand. */
interface Start {
  readonly added: NodeOf<"map">;
  readonly first: Node;
}
/** A short sum and what is added to it: the accumulators begin with that, which is an operation less for each. */
export function sumFromStart(l: Lowering, added: NodeOf<"map">, offs: Offsets): Expr | undefined {
  if (!l.lane || l.schedule.exact || added.dtype !== "f32") return undefined;
  const axes = l.axes(added);
  const isSum = (n: Node): n is NodeOf<"reduce"> =>
    n.kind === "reduce" &&
    n.op === "sum" &&
    !l.buffers.has(n) &&
    l.isUsedOnce(n, added) &&
    l.axes(n).length === axes.length &&
    hasFewTerms(l, n);
  const [a, b] = added.args as readonly [Node, Node];
  const [sum, first] = isSum(a) ? [a, b] : [b, a];
  return isSum(sum) ? reduce(l, sum, offs, `n${added.id}${l.offsetKey(axes, offs)}`, { added, first }) : undefined;
}
function hasFewTerms(l: Lowering, n: NodeOf<"reduce">): boolean {
  const terms = n.over.reduce((p, a) => p * (constantSize(l, a) ?? Number.POSITIVE_INFINITY), 1);
  return terms <= TERMS_FROM_START;
}

/** Of a sum of products that nobody else wants: products are added as they are made, as those of a contraction. */
function factorsOf(l: Lowering, n: NodeOf<"reduce">): readonly Node[] | undefined {
  const [x] = n.args as readonly [Node];
  const isProduct = n.op === "sum" && n.args.length === 1 && x.kind === "map" && x.op === "mul" && x.dtype === "f32";
  return isProduct && n.dtype === "f32" && !l.buffers.has(x) && l.isUsedOnce(x, n) ? x.args : undefined;
}

/** A fused run crosses the edge of its tensor at a border: borders walk the axes apart, the interior walks the run. */
function separated(l: Lowering, n: NodeOf<"reduce">): { axis: Axis; whole: Axis; part: Poly }[] {
  const fused = n.over.filter(a => l.fusedInto.has(a));
  if (fused.length === 0) return [];
  const loads = reachCells(n.args).filter(
    (x): x is NodeOf<"load"> => x.kind === "load" && isTensor(x.tensor) && !l.pointerTables.has(x),
  );
  const checked = new Set(loads.flatMap(x => planOf(l, x).checks.flatMap(c => axesOf(c.index))));
  const wholes = new Set(fused.filter(a => checked.has(a)).map(a => l.fusedInto.get(a)!));
  return fused
    .filter(a => wholes.has(l.fusedInto.get(a)!))
    .map(axis => ({ axis, whole: l.fusedInto.get(axis)!, part: l.substitution.get(axis.sym)! }));
}

/** The larger of two, or the smaller; of two of which the second is NaN the first. */
const nearer = (n: NodeOf<"reduce">) => (a: Expr, b: Expr) => op(n.op === "max" ? "f32x4.pmax" : "f32x4.pmin", a, b);

class Reduction {
  private readonly l: Lowering;
  private readonly n: NodeOf<"reduce">;
  private readonly start: Start | undefined;
  /** what is added up, or the two factors of it */
  private readonly operands: readonly Node[];
  private readonly axes: readonly Axis[];
  private readonly over: readonly Axis[];
  private readonly tile: readonly Offsets[];
  /** the reduced axis in lanes, if any; innermost then */
  private readonly laneOver: Axis | undefined;
  private readonly partials: number;
  /** of the partial sums of a contraction, the one that the copy of the innermost body adds to */
  private part = 0;
  private readonly wide: readonly Reg[][];
  /** does what fills no vector go by a vector too, whose other lanes count nothing? Else by scalars */
  private readonly isMasked: boolean;
  /** sums of what does not fill a vector */
  private readonly narrow: readonly Reg[];
  /** of products of bytes: the side that stays below 128 */
  private readonly small: ReturnType<typeof smallBytes>;
  /** do all of their sums fit 16 bits? */
  private readonly isShort: boolean;
  /** for max and min of floats in lanes: where a NaN has been seen, by accumulator */
  private readonly nans = new Map<Reg, Reg>();

  constructor(l: Lowering, n: NodeOf<"reduce">, offs: Offsets, start?: Start) {
    this.l = l;
    this.n = n;
    this.start = start;
    this.operands = factorsOf(l, n) ?? n.args;
    this.axes = l.axes(start?.added ?? n);
    const over = l.axes({ axes: l.schedule.exact ? n.over : reductionOrder(n) });
    // one element of a vector: the others are somebody else's
    const single = !l.lane && this.axes.some(a => l.bindings.get(a)!.unit > 1);
    this.tile = single ? [offs] : tileOffsets(l, this.axes);
    this.laneOver = this.chooseLane(over);
    this.over = this.laneOver ? [...over.filter(a => a !== this.laneOver), this.laneOver] : over;
    this.small = n.op === "dotQuads" ? smallBytes(n) : undefined;
    this.isShort =
      l.lane !== undefined && !this.laneOver && this.small !== undefined && this.isUnrolled(0, this.small.pairs);
    this.partials = this.laneOver ? (this.tile.length === 1 ? l.schedule.partials : 1) : this.parts();
    const accumulator = () => l.b.set(identity(l, n.op, n.dtype), "acc");
    const row = (at: Offsets) =>
      Array.from({ length: this.partials }, (_, i) =>
        start && i === 0 ? l.b.set(cell(l, start.first, at), "acc") : accumulator(),
      );
    const wide = () => this.tile.map(row);
    this.wide = this.laneOver ? this.inLanes(wide) : wide();
    // up to 15 scalars are more than a vector with a mask; up to 3 are not
    this.isMasked = l.lanes > 4 && !!this.laneOver && n.args.every(a => mayOverrun(l, a, this.laneOver!));
    this.narrow = this.laneOver && !this.isMasked ? this.tile.map(accumulator) : [];
    const extreme = (n.op === "max" || n.op === "min") && registerType[n.dtype] === "f32";
    if (extreme && (l.lane ?? this.laneOver))
      for (const a of this.wide.flat()) this.nans.set(a, l.b.set(zeroVector, "nan"));
  }

  run(): void {
    const { l, over } = this;
    const saved = over.map(a => l.bindings.get(a));
    const reducing = l.reducing;
    // what an outer reduction is storing on its way is not finished when an inner one is
    const outer = [...l.stored];
    l.stored.clear();
    l.reducing = this.laneOver !== undefined || reducing;
    this.nest(0);
    l.reducing = reducing;
    over.forEach((a, i) => {
      const was = saved[i];
      if (was) l.bindings.set(a, was);
      else l.bindings.delete(a);
    });
    for (const s of l.stored) {
      s.kept!.ready = true;
      l.pending.delete(s.value);
    }
    l.stored.clear();
    for (const s of outer) l.stored.add(s);
    this.tile.forEach((offs, i) => {
      const key = `n${(this.start?.added ?? this.n).id}${l.offsetKey(this.axes, offs)}`;
      l.b.scope.memo.set(key, this.laneOver ? this.horizontal(i) : this.joinedParts(i));
    });
  }

  /** Partial sums of a contraction in lanes, where its register tile alone leaves the pipelines waiting for each other. */
  private parts(): number {
    const { l, n } = this;
    const innermost = this.over.at(-1);
    if (!l.lane || l.schedule.exact || this.isShort || !isContraction(n) || !innermost) return 1;
    const copies = Math.min(l.schedule.unroll, constantSize(l, innermost) ?? l.schedule.unroll);
    return Math.max(1, Math.min(l.schedule.partials, copies, Math.floor(BUSY_ACCUMULATORS / this.tile.length)));
  }

  private inLanes<T>(f: () => T): T {
    const was = this.l.lane;
    this.l.lane = this.laneOver;
    const out = f();
    this.l.lane = was;
    return out;
  }

  /** The reduced axis along which most reads are contiguous; none where vectors do not pay or are not allowed. */
  private chooseLane(over: readonly Axis[]): Axis | undefined {
    const { l, n } = this;
    if (l.lane || !l.vector || l.schedule.exact) return undefined;
    if (!fitsLane(n.dtype) || n.args.some(a => !fitsLane(a.dtype))) return undefined;
    const loads = reach(n.args, x => x.kind === "reduce" && x !== n).filter(
      (x): x is NodeOf<"load"> => x.kind === "load",
    );
    const score = (a: Axis): number => {
      let s = 0;
      for (const x of loads) {
        if (!l.axes(x).includes(a)) continue;
        if (!isTensor(x.tensor)) s++;
        else {
          const st = l.storageOf(x.tensor);
          const strides = x.index.map((p, d) => l.fused(p).coef(a.sym)?.mul(st.strides[d]!));
          const step = strides.reduce((p, q) => (p && q ? p.add(q) : undefined), Poly.zero as Poly | undefined);
          s += step?.isConst && step.constant <= 8 ? 1 : -1;
        }
      }
      return s;
    };
    const candidates = over.filter(a => (constantSize(l, a) ?? 64) >= 8);
    let best: Axis | undefined;
    for (const a of candidates) if (!best || score(a) >= score(best)) best = a;
    return best && score(best) >= 0 ? best : undefined;
  }

  private nest(d: number): void {
    const { l, over } = this;
    const a = over[d];
    if (!a) {
      this.accumulate(
        this.wide.map(w => w[this.part]!),
        0,
      );
      return;
    }
    if (a === this.laneOver) {
      const vectors = [this.partials, 1];
      laneLoop(l, a, { vectors, tail: this.isMasked ? "part" : "peel" }, v => {
        if (v === 0) this.accumulate(this.narrow, 0);
        for (let p = 0; p < v; p++)
          this.accumulate(
            this.wide.map(w => w[p]!),
            p * l.lanes,
          );
      });
      return;
    }
    if (this.isUnrolled(d)) {
      for (let i = 0; i < constantSize(l, a)!; i++) {
        l.bind(a, l.range(a).lo.add(i));
        this.nest(d + 1);
      }
      return;
    }
    this.loop(a, d);
  }
  private loop(a: Axis, d: number): void {
    const { l } = this;
    const { lo, hi } = l.range(a);
    const innermost = d === this.over.length - 1;
    const size = constantSize(l, a);
    const unroll = innermost ? Math.min(l.schedule.unroll, size ?? l.schedule.unroll) : 1;
    const counter = l.b.set(l.b.int(lo), a.name);
    const pieces = unroll > 1 ? (size !== undefined && size % unroll === 0 ? [unroll] : [unroll, 1]) : [1];
    for (const copies of pieces) {
      // written out here, each copy can have sums of its own
      const own = innermost && this.partials > 1 && !this.laneOver ? copies : 1;
      l.b.loop(
        counter,
        l.b.int(hi),
        own,
        sym => {
          for (let i = 0; i < own; i++) {
            this.part = i % this.partials;
            l.bind(a, Poly.sym(sym).add(i));
            this.nest(d + 1);
          }
        },
        { unroll: copies / own },
      );
    }
  }
  /** static, short, and everything inside it too; in no more than `most` copies */
  private isUnrolled(d: number, most = Number.POSITIVE_INFINITY): boolean {
    let copies = 1;
    for (const a of this.over.slice(d)) {
      const size = constantSize(this.l, a);
      if (size === undefined || size > UNROLL_EXTENT || a === this.laneOver) return false;
      copies *= size;
    }
    return copies <= most && copies * this.tile.length <= UNROLL_OPERATIONS;
  }

  /** one step: every accumulator of the tile, `shift` elements along the lane */
  private accumulate(accumulators: readonly Reg[], shift: number): void {
    const { l, n } = this;
    if (!this.laneOver && this.part === 0) l.askAhead?.panel(l, n, this.tile[0]!);
    this.tile.forEach((offs, i) => {
      const at = shift ? new Map(offs).set(this.laneOver!, shift) : offs;
      const lanes = l.lane !== undefined;
      const values = this.operands.map(a => this.counted(cast(cell(l, a, at), a.dtype, n.dtype, lanes, l)));
      const acc = accumulators[i]!;
      if (this.nans.has(acc)) this.compare(acc, this.nans.get(acc)!, l.keep(values[0]!));
      else l.b.push({ kind: "set", reg: acc, value: this.combined(read(acc), values, lanes) });
      if (this.laneOver) l.askAhead?.row(l, n, at, shift);
    });
  }
  /** What lies behind the end counts nothing: as an operand of a product it is 0, else what a reduction starts from. */
  private counted(value: Expr): Expr {
    const { l, n } = this;
    if (!this.isMasked || !l.tail?.isPart) return value;
    const { count } = l.tail;
    const inside = l.b.memo(l.b.scope, "inside", () =>
      l.keep(op("i32x4.lt_s", l.words(l.eachLane(i => i)), op("i32x4.splat", count))),
    );
    const nothing = this.operands.length === 2 ? zeroVector : identity(l, n.op, n.dtype);
    return op("v128.bitselect", value, nothing, inside);
  }
  /** max that propagates NaN is seven instructions on x86: pmax and a record of unordered lanes are three */
  private compare(acc: Reg, nans: Reg, x: Expr): void {
    const { l, n } = this;
    l.b.push({ kind: "set", reg: nans, value: op("v128.or", read(nans), op("f32x4.ne", x, x)) });
    l.b.push({ kind: "set", reg: acc, value: nearer(n)(read(acc), x) });
  }
  /** an accumulator with its NaNs put back: all ones is one */
  private settled(acc: Reg): Expr {
    const nans = this.nans.get(acc);
    return nans ? read(this.l.b.set(op("v128.or", read(acc), read(nans)), "v")) : read(acc);
  }
  private combined(acc: Expr, values: readonly Expr[], lanes: boolean): Expr {
    const { l, n } = this;
    const [x, y] = values as readonly [Expr, Expr];
    if (n.op === "dotPairs") return pairs(acc, l.keep(x), l.keep(y), lanes);
    if (n.op === "dotQuads") {
      if (lanes && this.small) {
        const [small, other] = this.small.side === 0 ? [x, y] : [y, x];
        return op(this.isShort ? "sums.dot_i8x16_i7x16_add" : "i32x4.dot_i8x16_i7x16_add", acc, other, small);
      }
      const of = n.args.map(a => a.dtype);
      return quads(l, acc, [l.keep(x), l.keep(y)], of, lanes);
    }
    if (values.length === 2) {
      if (lanes && registerType[n.dtype] === "f32" && !l.schedule.exact) return op("f32x4.madd", x, y, acc);
      return binary(l, "add", n.dtype, acc, binary(l, "mul", n.dtype, x, y, lanes), lanes);
    }
    return this.joined(acc, x, lanes);
  }
  private joined(a: Expr, b: Expr, lanes: boolean): Expr {
    const { n, l } = this;
    return binary(l, joinOf[n.op], n.dtype, a, b, lanes);
  }

  private joinedParts(i: number): Expr {
    const sums = this.wide[i]!.map(r => this.settled(r));
    const [first, ...others] = this.isShort ? sums.map(s => this.l.keep(op("i32x4.of_sums", s))) : sums;
    const sum = others.reduce((a, b) => this.joined(a, b, true), first!);
    return others.length ? read(this.l.b.set(sum, "sum")) : sum;
  }

  /** partial vectors, lanes and the scalar rest of one accumulator, in a fixed order */
  private horizontal(i: number): Expr {
    const { l, n } = this;
    const accumulators = this.wide[i]!;
    const nans = accumulators.flatMap(a => this.nans.get(a) ?? []);
    // accumulators that leave NaNs to their records hold none: what joins them need not look
    const join = nans.length > 0 ? nearer(n) : (a: Expr, b: Expr) => this.joined(a, b, true);
    let v = accumulators.map(read).reduce(join);
    for (let apart = l.lanes / 2; apart >= 1; apart /= 2) {
      const lanes = l.eachLane(lane => lane ^ apart);
      const k = l.keep(v);
      v = join(k, { kind: "shuffle", lanes, args: [k, k] });
    }
    let result = extractLane(n.dtype, 0, l.keep(v));
    if (!this.isMasked) result = this.joined(result, read(this.narrow[i]!), false);
    if (nans.length === 0) return read(l.b.set(result, "sum"));
    const some = op(
      "v128.any_true",
      nans.map(read).reduce((a, b) => op("v128.or", a, b)),
    );
    const nan = l.scalarly(() => l.constant(n.dtype, Number.NaN));
    return read(l.b.set(select("f32", some, nan, l.keep(result)), "extreme"));
  }
}
