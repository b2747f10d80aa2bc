// Loop IR as text, for people and golden tests. Registers are numbered in order of appearance, so that equal code prints alike.
import type { Address, Expr, ExprOf, Func, Reg, Stmt, StmtOf } from "./loop.js";

export function printFunc(f: Func): string {
  return new Printer().func(f);
}

class Printer {
  private readonly names = new Map<Reg, string>();

  func(f: Func): string {
    const params = f.params.map(p => `${this.name(p)}: ${p.type}`).join(", ");
    return `func ${f.name}(${params})\n${this.block(f.body, "  ")}`;
  }
  private name(r: Reg): string {
    let n = this.names.get(r);
    if (!n) {
      n = `${r.name}.${this.names.size}`;
      this.names.set(r, n);
    }
    return n;
  }
  private block(body: readonly Stmt[], indent: string): string {
    return body.map(s => (this.stmts[s.kind] as (s: Stmt, indent: string) => string)(s, indent)).join("");
  }
  private readonly stmts: { readonly [K in Stmt["kind"]]: (s: StmtOf<K>, indent: string) => string } = {
    set: (s, i) => `${i}${this.name(s.reg)} = ${this.expr(s.value)}\n`,
    store: (s, i) => `${i}${s.op}${s.lane === undefined ? "" : `:${s.lane}`}${this.at(s.at)} = ${this.expr(s.value)}\n`,
    storePart: (s, i) => `${i}v128.part:${this.expr(s.bytes)}${this.at(s.at)} = ${this.expr(s.value)}\n`,
    ahead: (s, i) => `${i}ahead${this.at(s.at)}\n`,
    for: (s, i) =>
      `${i}for ${this.name(s.counter)} + ${s.step} <= ${this.expr(s.limit)}\n${this.block(s.body, `${i}  `)}`,
    if: (s, i) =>
      `${i}if ${this.expr(s.condition)}\n${this.block(s.yes, `${i}  `)}${s.no.length ? `${i}else\n${this.block(s.no, `${i}  `)}` : ""}`,
    outline: (s, i) => `${i}outline ${s.name}\n${this.block(s.body, `${i}  `)}`,
    trap: (s, i) => `${i}trap if ${this.expr(s.condition)}\n`,
    call: (s, i) => `${i}call ${s.callee}(${s.args.map(r => this.name(r)).join(", ")})\n`,
  };
  private expr(e: Expr): string {
    return (this.exprs[e.kind] as (e: Expr) => string)(e);
  }
  private readonly exprs: { readonly [K in Expr["kind"]]: (e: ExprOf<K>) => string } = {
    reg: e => this.name(e.reg),
    const: e => (e.type === "i32" ? `${e.value}` : `${e.type}(${e.value})`),
    zero: () => "zero",
    op: e => `${e.op}${e.lane === undefined ? "" : `:${e.lane}`}(${e.args.map(a => this.expr(a)).join(", ")})`,
    select: e => `(${this.expr(e.condition)} ? ${this.expr(e.yes)} : ${this.expr(e.no)})`,
    load: e => `${e.op}${this.at(e.at)}`,
    loadLane: e => `lane:${e.lane}(${this.expr(e.vector)}, ${this.at(e.at)})`,
    given: e =>
      `given:${"bytes" in e.code ? e.code.bytes.join(" ") : e.code.c.map(x => (typeof x === "number" ? `{${x}}` : x)).join("")}(${e.args.map(a => this.expr(a)).join(", ")})`,
    shuffle: e => `shuffle:${e.lanes.join("")}(${this.expr(e.args[0])}, ${this.expr(e.args[1])})`,
  };
  private at(a: Address): string {
    return `[${this.expr(a.pointer)}${a.offset ? ` + ${a.offset}` : ""}]`;
  }
}
