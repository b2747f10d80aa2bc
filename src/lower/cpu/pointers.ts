// Addresses of a loop body become registers when the loop closes. Few: one bumped pointer each. Many: leaders are bumped and
// the others add shared terms (pixel stride × 1, × 2, …). Too many even so: invariant bases plus one moving offset per stride.
// Run-time strides make this the register allocation problem of the compiler: a depthwise 3×3 has 27 addresses.
import { Poly } from "../../ir/poly.js";
import type { Address, Expr, Reg, Stmt } from "./loop.js";
import { add, int, LINE_BYTES, read } from "./loop.js";
import { OFFSET_LIMIT } from "./loop-verify.js";
import { reads, shifted } from "./loop-walk.js";
import type { Builder, LoopState, Scope } from "./scope.js";

interface Group {
  readonly rest: Poly;
  readonly addresses: Address[];
}
/** groups that lie one invariant term away from the leader's address */
interface Leader {
  readonly rest: Poly;
  readonly members: { readonly addresses: readonly Address[]; readonly distance: Poly }[];
}

/** Writes `inner` as a loop into its parent scope. */
export function closeLoop(b: Builder, inner: Scope, counter: Reg, limit: Expr, unroll: number): void {
  const closing = new Closing(b, inner, unroll);
  closing.assign(grouped(inner));
  b.push({ kind: "for", counter, limit, step: closing.step * unroll, body: closing.body(counter) });
}

function grouped(inner: Scope): Group[] {
  const groups = new Map<string, Group>();
  for (const a of inner.accesses) {
    const g = groups.get(a.rest.key);
    if (g) g.addresses.push(a.address);
    else groups.set(a.rest.key, { rest: a.rest, addresses: [a.address] });
  }
  return [...groups.values()];
}

class Closing {
  readonly step: number;
  private readonly b: Builder;
  private readonly inner: Scope;
  private readonly loop: LoopState;
  private readonly unroll: number;
  /** bytes by which an address moves from one copy of the body to the next */
  private readonly moves = new Map<Address, number>();
  private readonly afterEachCopy: Stmt[] = [];
  private readonly afterAllCopies: Stmt[] = [];

  constructor(b: Builder, inner: Scope, unroll: number) {
    this.b = b;
    this.inner = inner;
    this.loop = inner.loop!;
    this.step = this.loop.step;
    this.unroll = unroll;
  }

  assign(groups: readonly Group[]): void {
    if (groups.length <= this.b.maxPointers) {
      for (const g of groups) {
        const pointer = read(this.bumped(g.rest, g.addresses));
        for (const a of g.addresses) a.pointer = pointer;
      }
      return;
    }
    const leaders = this.leadersOf(groups);
    if (leaders.length <= this.b.maxPointers) for (const l of leaders) this.assignLeader(l);
    else this.assignBases(groups);
  }

  private leadersOf(groups: readonly Group[]): Leader[] {
    const leaders: Leader[] = [];
    for (const g of groups) {
      let distance = Poly.zero;
      const near = leaders.find(l => {
        distance = g.rest.sub(l.rest);
        return this.isShared(distance);
      });
      if (near) near.members.push({ addresses: g.addresses, distance });
      else leaders.push({ rest: g.rest, members: [{ addresses: g.addresses, distance: Poly.zero }] });
    }
    return leaders;
  }
  /** one positive term that the loop does not change */
  private isShared(distance: Poly): boolean {
    const [term] = distance.terms;
    return distance.terms.length === 1 && term!.c > 0 && this.b.home(distance).depth < this.inner.depth;
  }
  private assignLeader(l: Leader): void {
    const all = l.members.flatMap(m => m.addresses);
    const pointer = read(this.bumped(l.rest, all));
    for (const m of l.members) for (const a of m.addresses) a.pointer = add(pointer, this.b.int(m.distance));
  }
  private assignBases(groups: readonly Group[]): void {
    const offsets = new Map<string, Reg>();
    for (const g of groups) {
      const stride = this.strideOf(g.rest);
      let offset = offsets.get(stride.key);
      if (!offset) {
        const sharers = groups.filter(o => this.strideOf(o.rest).equals(stride)).flatMap(o => o.addresses);
        offset = this.advanced(stride.mul(Poly.sym(this.loop.start)), stride, sharers, "offset");
        offsets.set(stride.key, offset);
      }
      const base = this.at(g.rest, Poly.zero);
      for (const a of g.addresses) a.pointer = add(base, read(offset));
    }
  }

  private strideOf(rest: Poly): Poly {
    return rest.coef(this.loop.counter)!;
  }
  /** the polynomial with the loop's counter replaced, computed before the loop */
  private at(p: Poly, counter: Poly): Expr {
    return this.b.int(p.subst(s => (s === this.loop.counter ? counter : undefined)));
  }
  private bumped(rest: Poly, addresses: readonly Address[]): Reg {
    return this.advanced(
      rest.subst(s => (s === this.loop.counter ? Poly.sym(this.loop.start) : undefined)),
      this.strideOf(rest),
      addresses,
      "p",
    );
  }
  /** A register that moves by `stride` a step. A small constant stride moves the offsets of the copies, any other is added after each. */
  private advanced(first: Poly, stride: Poly, addresses: readonly Address[], name: string): Reg {
    const r = this.b.set(this.b.int(first), name);
    const bytes = stride.isConst ? stride.constant * this.step : 0;
    const farthest = bytes * (this.unroll - 1) + Math.max(0, ...addresses.map(a => a.offset));
    const bump = (by: Expr): Stmt => ({ kind: "set", reg: r, value: add(read(r), by) });
    if (bytes > 0 && farthest < OFFSET_LIMIT) {
      for (const a of addresses) this.moves.set(a, bytes);
      this.afterAllCopies.push(bump(int(bytes * this.unroll)));
    } else this.afterEachCopy.push(bump(this.b.int(stride.mul(this.step))));
    return r;
  }

  /** Does the copy ask for another line of memory than the one before it? */
  private isNewLine(at: Address, copy: number): boolean {
    const bytes = this.moves.get(at);
    const line = (i: number): number => Math.floor((bytes! * i) / LINE_BYTES);
    return bytes === undefined || line(copy) !== line(copy - 1);
  }
  /** the copies of the body; registers are shared, since one copy runs after the other */
  body(counter: Reg): Stmt[] {
    const once = this.inner.statements;
    const readsCounter = this.unroll > 1 && reads(once, counter);
    const moveCounter = (by: number): Stmt => ({ kind: "set", reg: counter, value: add(read(counter), int(by)) });
    const out: Stmt[] = [];
    for (let i = 0; i < this.unroll; i++) {
      const due = i ? once.filter(s => s.kind !== "ahead" || this.isNewLine(s.at, i)) : once;
      out.push(...(i ? shifted(due, a => (this.moves.get(a) ?? 0) * i) : due), ...this.afterEachCopy);
      if (readsCounter && i < this.unroll - 1) out.push(moveCounter(this.step));
    }
    if (readsCounter) out.push(moveCounter(-this.step * (this.unroll - 1)));
    return [...out, ...this.afterAllCopies];
  }
}
