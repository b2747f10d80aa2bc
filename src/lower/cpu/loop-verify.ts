// Checks of loop IR: registers are defined before they are read, types agree, constant offsets stay small. Runs after every
// pass; a failure is a bug of the lowering and never of its input.
import { AzulejoError } from "../../support/errors.js";
import type { Address, Expr, Func, Reg, Stmt, StoreOp, Type } from "./loop.js";
import { typeOf } from "./loop.js";
import { ops } from "./loop-ops.js";
import { blocksOf, exprsOf, partsOf } from "./loop-walk.js";

/** one page: see LOWEST_ADDRESS in lowered.ts */
export const OFFSET_LIMIT = 65536;

export function verifyFunc(f: Func): void {
  new Checker(f.name).block(f.body, new Set(f.params));
}

const stored = (op: StoreOp): Type => (op.startsWith("v128") ? "v128" : (op.slice(0, 3) as Type));

class Checker {
  private readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  /** What a block sets is forgotten at its end: an `if` or a loop may never run, so later statements can't rely on it. */
  block(body: readonly Stmt[], defined: Set<Reg>): void {
    const own: Reg[] = [];
    for (const s of body) {
      for (const e of exprsOf(s)) this.expr(e, defined);
      this.stmt(s, defined);
      for (const b of blocksOf(s)) this.block(b, defined);
      if (s.kind === "set" && !defined.has(s.reg)) {
        defined.add(s.reg);
        own.push(s.reg);
      }
    }
    for (const r of own) defined.delete(r);
  }
  private stmt(s: Stmt, defined: ReadonlySet<Reg>): void {
    if (s.kind === "set") this.typed(s.value, s.reg.type);
    if (s.kind === "if") this.typed(s.condition, "i32");
    if (s.kind === "for") {
      this.typed(s.limit, "i32");
      if (!defined.has(s.counter)) this.fail(`loop counter ${s.counter.name}${s.counter.id} is not set`);
    }
    if (s.kind === "call")
      for (const r of s.args) if (!defined.has(r)) this.fail(`argument ${r.name}${r.id} is not set`);
    if (s.kind === "storePart") {
      this.address(s.at);
      this.typed(s.value, "v128");
      this.typed(s.bytes, "i32");
    }
    if (s.kind === "store") {
      this.address(s.at);
      this.typed(s.value, stored(s.op));
    }
  }
  private expr(e: Expr, defined: ReadonlySet<Reg>): void {
    for (const p of partsOf(e)) this.expr(p, defined);
    switch (e.kind) {
      case "reg":
        if (!defined.has(e.reg)) this.fail(`${e.reg.name}${e.reg.id} is read before it is set`);
        break;
      case "op": {
        const { args } = ops[e.op];
        if (args.length !== e.args.length) this.fail(`${e.op} takes ${args.length} arguments`);
        for (const [i, t] of args.entries()) this.typed(e.args[i]!, t);
        break;
      }
      case "select":
        this.typed(e.condition, "i32");
        this.typed(e.yes, e.type);
        this.typed(e.no, e.type);
        break;
      case "load":
      case "loadLane":
        this.address(e.at);
    }
  }
  private typed(e: Expr, type: Type): void {
    if (typeOf(e) !== type) this.fail(`${type} expected, ${e.kind === "op" ? e.op : e.kind} is ${typeOf(e)}`);
  }
  private address(a: Address): void {
    this.typed(a.pointer, "i32");
    if (a.offset < 0 || a.offset >= OFFSET_LIMIT)
      this.fail(`constant offset ${a.offset} is outside 0..${OFFSET_LIMIT - 1}`);
  }
  private fail(what: string): never {
    throw new AzulejoError("internal", `loop IR of ${this.name}: ${what}; this is a bug in Azulejo, please report it`);
  }
}
