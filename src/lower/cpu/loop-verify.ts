// Checks of loop IR: registers are defined before they are read, types agree, constant offsets stay small. Runs after every
// pass; a failure is a bug of the lowering and never of its input.
import { AzulejoError } from "../../support/errors.js";
import type { Address, Expr, Func, Reg, Stmt, Type } from "./loop.js";
import { memoryType, typeOf } from "./loop.js";
import { ops } from "./loop-ops.js";
import { blocksOf } from "./loop-walk.js";

/** one page: see LOWEST_ADDRESS in lowered.ts */
export const OFFSET_LIMIT = 65536;

export function verifyFunc(f: Func): void {
  new Checker(f.name).block(f.body, new Set(f.params));
}

class Checker {
  private readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  /** What a block sets is forgotten at its end: an `if` or a loop may never run, so later statements can't rely on it. */
  block(body: readonly Stmt[], defined: Set<Reg>): void {
    const own: Reg[] = [];
    for (const s of body) {
      this.stmt(s, defined);
      if (s.kind === "set" && !defined.has(s.reg)) {
        defined.add(s.reg);
        own.push(s.reg);
      }
    }
    for (const r of own) defined.delete(r);
  }
  private stmt(s: Stmt, defined: Set<Reg>): void {
    if ("at" in s) this.address(s.at, defined);
    switch (s.kind) {
      case "set":
        this.expr(s.value, s.reg.type, defined);
        break;
      case "store":
        this.expr(s.value, memoryType(s.op), defined);
        break;
      case "storePart":
        this.expr(s.value, "v128", defined);
        this.expr(s.bytes, "i32", defined);
        break;
      case "if":
      case "trap":
        this.expr(s.condition, "i32", defined);
        break;
      case "for":
        this.expr(s.limit, "i32", defined);
        if (!defined.has(s.counter)) this.fail(`loop counter ${s.counter.name}${s.counter.id} is not set`);
        break;
      case "call":
        for (const r of s.args) if (!defined.has(r)) this.fail(`argument ${r.name}${r.id} is not set`);
    }
    for (const b of blocksOf(s)) this.block(b, defined);
  }
  /** the innermost mistake first */
  private expr(e: Expr, type: Type, defined: ReadonlySet<Reg>): void {
    if ("at" in e) this.address(e.at, defined);
    switch (e.kind) {
      case "reg":
        if (!defined.has(e.reg)) this.fail(`${e.reg.name}${e.reg.id} is read before it is set`);
        // half of all expressions
        if (e.reg.type === type) return;
        break;
      case "op": {
        const { args } = ops[e.op];
        if (args.length !== e.args.length) this.fail(`${e.op} takes ${args.length} arguments`);
        for (let i = 0; i < args.length; i++) this.expr(e.args[i]!, args[i]!, defined);
        break;
      }
      case "shuffle":
      case "given":
        for (const a of e.args) this.expr(a, typeOf(a), defined);
        break;
      case "select":
        this.expr(e.condition, "i32", defined);
        this.expr(e.yes, e.type, defined);
        this.expr(e.no, e.type, defined);
        break;
      case "loadLane":
        this.expr(e.vector, typeOf(e.vector), defined);
    }
    if (typeOf(e) !== type) this.fail(`${type} expected, ${e.kind === "op" ? e.op : e.kind} is ${typeOf(e)}`);
  }
  private address(a: Address, defined: ReadonlySet<Reg>): void {
    this.expr(a.pointer, "i32", defined);
    if (a.offset < 0 || a.offset >= OFFSET_LIMIT)
      this.fail(`constant offset ${a.offset} is outside 0..${OFFSET_LIMIT - 1}`);
  }
  private fail(what: string): never {
    throw new AzulejoError("internal", `loop IR of ${this.name}: ${what}; this is a bug in Azulejo, please report it`);
  }
}
