// Checks of loop IR: registers are defined before they are read, types agree, constant offsets stay small. Runs after every
// pass; a failure is a bug of the lowering and never of its input.
import { AzulejoError } from "../../support/errors.js";
import type { Address, Expr, Func, Reg, Stmt, StoreOp, Type } from "./loop.js";
import { typeOf } from "./loop.js";
import { ops } from "./loop-ops.js";

/** one page: see LOWEST_ADDRESS in lowered.ts */
export const OFFSET_LIMIT = 65536;

export function verifyFunc(f: Func): void {
  new Checker(f.name).block(f.body, new Set(f.params));
}

const stored: Readonly<Record<StoreOp, Type>> = {
  i32: "i32",
  i64: "i64",
  f32: "f32",
  f64: "f64",
  "i32.8": "i32",
  "i32.16": "i32",
  v128: "v128",
  "v128.lane8": "v128",
  "v128.lane16": "v128",
  "v128.lane32": "v128",
  "v128.lane64": "v128",
  "v128.8x4s": "v128",
  "v128.8x4u": "v128",
  "v128.16x4s": "v128",
  "v128.16x4u": "v128",
};

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
    switch (s.kind) {
      case "set":
        this.expr(s.value, defined);
        this.typed(s.value, s.reg.type);
        break;
      case "store":
        this.address(s.at, defined);
        this.expr(s.value, defined);
        this.typed(s.value, stored[s.op]);
        break;
      case "storePart":
        this.address(s.at, defined);
        this.expr(s.value, defined);
        this.expr(s.bytes, defined);
        this.typed(s.value, "v128");
        this.typed(s.bytes, "i32");
        break;
      case "if":
        this.expr(s.condition, defined);
        this.typed(s.condition, "i32");
        this.block(s.yes, defined);
        this.block(s.no, defined);
        break;
      case "for":
        this.expr(s.limit, defined);
        this.typed(s.limit, "i32");
        if (!defined.has(s.counter)) this.fail(`loop counter ${s.counter.name}${s.counter.id} is not set`);
        this.block(s.body, defined);
        break;
      case "outline":
        this.block(s.body, defined);
        break;
      case "trap":
        this.expr(s.condition, defined);
        this.typed(s.condition, "i32");
        break;
      case "call":
        for (const r of s.args) if (!defined.has(r)) this.fail(`argument ${r.name}${r.id} is not set`);
    }
  }
  private expr(e: Expr, defined: ReadonlySet<Reg>): void {
    switch (e.kind) {
      case "reg":
        if (!defined.has(e.reg)) this.fail(`${e.reg.name}${e.reg.id} is read before it is set`);
        break;
      case "op": {
        const { args } = ops[e.op];
        if (args.length !== e.args.length) this.fail(`${e.op} takes ${args.length} arguments`);
        for (let i = 0; i < args.length; i++) {
          this.expr(e.args[i]!, defined);
          this.typed(e.args[i]!, args[i]!);
        }
        break;
      }
      case "shuffle":
      case "given":
        for (const a of e.args) this.expr(a, defined);
        break;
      case "select":
        this.expr(e.condition, defined);
        this.expr(e.yes, defined);
        this.expr(e.no, defined);
        this.typed(e.condition, "i32");
        this.typed(e.yes, e.type);
        this.typed(e.no, e.type);
        break;
      case "loadLane":
        this.expr(e.vector, defined);
        this.address(e.at, defined);
        break;
      case "load":
        this.address(e.at, defined);
    }
  }
  private typed(e: Expr, type: Type): void {
    if (typeOf(e) !== type) this.fail(`${type} expected, ${e.kind === "op" ? e.op : e.kind} is ${typeOf(e)}`);
  }
  private address(a: Address, defined: ReadonlySet<Reg>): void {
    this.expr(a.pointer, defined);
    this.typed(a.pointer, "i32");
    if (a.offset < 0 || a.offset >= OFFSET_LIMIT)
      this.fail(`constant offset ${a.offset} is outside 0..${OFFSET_LIMIT - 1}`);
  }
  private fail(what: string): never {
    throw new AzulejoError("internal", `loop IR of ${this.name}: ${what}; this is a bug in Azulejo, please report it`);
  }
}
