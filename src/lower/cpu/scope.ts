// Code under construction: lexical scopes, and integers made of polynomials. A value goes to the outermost scope that binds
// all its symbols, so loop-invariant motion needs no pass; a loop turns its accesses into moving pointers when it closes.
import { Poly, Sym } from "../../ir/poly.js";
import { invariant } from "../../support/errors.js";
import type { Address, Expr, Reg, Stmt } from "./loop.js";
import { add, int, larger, lesser, mul, newReg, op, read, select, sub, typeOf } from "./loop.js";
import { OFFSET_LIMIT } from "./loop-verify.js";
import { closeLoop } from "./pointers.js";

/** An address inside a loop that becomes known when the loop closes: `rest` moves with the loop's counter. */
export interface Access {
  readonly address: Address;
  readonly rest: Poly;
}
export interface LoopState {
  /** the counter inside the body, and its value before the loop */
  readonly counter: Sym;
  readonly start: Sym;
  readonly step: number;
}

export class Scope {
  readonly parent: Scope | undefined;
  /** what is outlined becomes a function of its own */
  readonly isFunction: boolean;
  readonly depth: number;
  readonly statements: Stmt[] = [];
  readonly memo = new Map<string, unknown>();
  readonly accesses: Access[] = [];
  loop: LoopState | undefined;
  constructor(parent: Scope | undefined, isFunction: boolean) {
    this.parent = parent;
    this.isFunction = isFunction;
    this.depth = parent ? parent.depth + 1 : 0;
  }
}

export class Builder {
  readonly root = new Scope(undefined, true);
  scope: Scope = this.root;
  readonly maxPointers: number;
  /** makes the register of a symbol that nobody has bound: a parameter of the kernel */
  private readonly parameter: (s: Sym) => Reg;
  private readonly owners = new Map<Sym, Scope>();
  private readonly registers = new Map<Sym, Reg>();
  private readonly alignments = new Map<Sym, number>();
  private readonly signed = new Set<Sym>();

  constructor(maxPointers: number, parameter: (s: Sym) => Reg) {
    this.maxPointers = maxPointers;
    this.parameter = parameter;
  }

  push(s: Stmt): void {
    this.scope.statements.push(s);
  }
  /** a fresh register with this value, set in the current scope */
  set(value: Expr, name: string): Reg {
    const r = newReg(typeOf(value), name);
    this.push({ kind: "set", reg: r, value });
    return r;
  }
  /** the value as an expression that may be written twice */
  keep(value: Expr, name = "t"): Expr {
    return value.kind === "reg" || value.kind === "const" || value.kind === "zero"
      ? value
      : read(this.set(value, name));
  }
  within<T>(s: Scope, f: () => T): T {
    const was = this.scope;
    this.scope = s;
    try {
      return f();
    } finally {
      this.scope = was;
    }
  }
  /** the function that is being built around the current scope */
  function(): Scope {
    let s = this.scope;
    while (!s.isFunction) s = s.parent!;
    return s;
  }

  // ---- symbols

  /** a symbol whose value is in `r`; never negative unless said otherwise */
  bind(s: Sym, r: Reg, options: { owner?: Scope; align?: number; signed?: boolean } = {}): Sym {
    this.owners.set(s, options.owner ?? this.scope);
    this.registers.set(s, r);
    if (options.align) this.alignments.set(s, options.align);
    if (options.signed) this.signed.add(s);
    return s;
  }
  /** what depends on `s` belongs to `owner` from now on */
  own(s: Sym, owner: Scope): void {
    this.owners.set(s, owner);
  }
  registerOf(s: Sym): Reg | undefined {
    return this.registers.get(s);
  }
  homeOfSym(s: Sym): Scope {
    const known = this.owners.get(s);
    if (known) return known;
    if (!s.def) {
      this.within(this.root, () => this.bind(s, this.parameter(s)));
      return this.root;
    }
    invariant(s.def.op !== "value", `gathered index ${s.name} has no register`);
    const a = this.home(s.def.a);
    const b = this.home(s.def.b);
    const home = b.depth > a.depth ? b : a;
    this.owners.set(s, home);
    return home;
  }
  /** the outermost scope where the polynomial has a value */
  home(p: Poly): Scope {
    const deepest = this.deepest(p);
    return deepest ? this.homeOfSym(deepest) : this.root;
  }
  /** the first of the polynomial's symbols that no other's scope lies inside of; undefined: it has none */
  private deepest({ terms }: Poly): Sym | undefined {
    let found: Sym | undefined;
    let depth = -1;
    for (let i = 0; i < terms.length; i++) {
      const { s } = terms[i]!;
      for (let j = 0; j < s.length; j++) {
        const home = this.owners.get(s[j]!) ?? this.homeOfSym(s[j]!);
        if (home.depth <= depth) continue;
        found = s[j]!;
        depth = home.depth;
      }
    }
    return found;
  }
  /** the largest known divisor of a polynomial's value; 0 for the constant 0 */
  alignment(p: Poly): number {
    let g = 0;
    for (const t of p.terms) {
      let a = Math.abs(t.c);
      for (const s of t.s) a *= this.alignments.get(s) ?? 1;
      g = gcd(g, a);
    }
    return g;
  }
  nonNegative(p: Poly): boolean {
    return p.terms.every(t => t.c >= 0 && t.s.every(s => this.nonNegativeSym(s)));
  }
  private nonNegativeSym(s: Sym): boolean {
    if (!s.def || s.def.op === "value") return !this.signed.has(s);
    const { op: kind, a, b } = s.def;
    switch (kind) {
      case "mod":
        return true; // divisors are positive
      case "max":
        return this.nonNegative(a) || this.nonNegative(b);
      default:
        return this.nonNegative(a) && this.nonNegative(b);
    }
  }

  memo<T>(home: Scope, key: string, make: () => T): T {
    let r = home.memo.get(key) as T | undefined;
    if (r === undefined) {
      r = this.within(home, make);
      home.memo.set(key, r);
    }
    return r;
  }

  // ---- integers

  /** The value of a polynomial; each part is computed in its own home scope. */
  int(p: Poly): Expr {
    const pick = this.deepest(p);
    if (!pick) return int(p.constant | 0);
    return this.memo(this.homeOfSym(pick), p.key, () => {
      const { coefficient, rest } = p.factor(pick);
      const symbol = read(this.symbolValue(pick));
      const scaled = mul(symbol, this.int(coefficient));
      const value = add(scaled, this.int(rest));
      return value.kind === "reg" ? value : read(this.set(value, "i"));
    });
  }
  private symbolValue(s: Sym): Reg {
    const home = this.homeOfSym(s);
    const known = this.registers.get(s);
    if (known) return known;
    const r = this.within(home, () => this.set(this.definition(s), s.name));
    this.registers.set(s, r);
    return r;
  }
  private definition(s: Sym): Expr {
    invariant(s.def && s.def.op !== "value", `symbol ${s.name} has no definition`);
    const { op: kind, a, b } = s.def;
    const x = this.keep(this.int(a));
    const y = this.keep(this.int(b));
    if (kind === "min") return lesser(x, y);
    if (kind === "max") return larger(x, y);
    if (b.isConst && b.constant > 0 && (b.constant & (b.constant - 1)) === 0)
      return kind === "div"
        ? op("i32.shr_s", x, int(31 - Math.clz32(b.constant)))
        : op("i32.and", x, int(b.constant - 1));
    // the divisor may be a dim of size 0, by which both are 0: what is no negative number has no 2³² − 1 in it, and 1 leaves no rest
    const isUnsigned = this.nonNegative(a);
    const instead = isUnsigned && kind === "div" ? sub : add;
    const divisor = b.isConst ? y : this.keep(instead(y, op("i32.eqz", y)));
    if (isUnsigned) return op(kind === "div" ? "i32.div_u" : "i32.rem_u", x, divisor);
    const quotient = this.keep(op("i32.div_s", x, divisor));
    const remainder = this.keep(sub(x, op("i32.mul", quotient, divisor)));
    const negative = op("i32.lt_s", remainder, int(0));
    if (kind === "mod") return select("i32", negative, add(remainder, divisor), remainder);
    const floor = sub(quotient, negative);
    return b.isConst ? floor : select("i32", y, floor, int(0));
  }

  /** An address. Inside a loop that moves it linearly it is left open until the loop closes. */
  access(p: Poly): Address {
    const constant = p.constant;
    const offset = constant < 0 ? 0 : constant % OFFSET_LIMIT;
    const rest = p.sub(offset);
    if (!this.movesWithLoop(rest)) return { pointer: this.int(rest), offset };
    const address: Address = { pointer: int(0), offset };
    this.scope.accesses.push({ address, rest });
    return address;
  }
  private movesWithLoop(rest: Poly): boolean {
    const loop = this.scope.loop;
    if (!loop || this.home(rest) !== this.scope) return false;
    const stride = rest.coef(loop.counter);
    if (!stride || stride.isZero) return false;
    const fixed = rest.sub(stride.mul(Poly.sym(loop.counter)));
    return this.home(fixed).depth < this.scope.depth && this.home(stride).depth < this.scope.depth;
  }

  // ---- control

  /** `counter` moves by `step` while counter + step ≤ limit; the body is written `unroll` times per turn. */
  loop(
    counter: Reg,
    limit: Expr,
    step: number,
    body: (counter: Sym) => void,
    options: { unroll?: number; align?: number } = {},
  ): void {
    const parent = this.scope;
    const inner = new Scope(parent, false);
    const start = this.bind(new Sym(`${counter.name}0`), counter);
    const sym = this.bind(new Sym(counter.name), counter, { owner: inner, align: options.align ?? 1 });
    inner.loop = { counter: sym, start, step };
    this.within(inner, () => body(sym));
    closeLoop(this, inner, counter, limit, options.unroll ?? 1);
  }
  branch(condition: Expr, yes: () => void, no: () => void = () => {}): void {
    const a = new Scope(this.scope, false);
    const b = new Scope(this.scope, false);
    this.within(a, yes);
    this.within(b, no);
    this.push({ kind: "if", condition, yes: a.statements, no: b.statements });
  }
  /**
   * The body as a function of its own. `row`, the counter of the loop around it, then belongs to the function: what varies with it
   * is computed, and what memory it writes is read, inside.
   */
  outline(name: string, body: () => void, row?: Sym): void {
    const s = new Scope(this.scope, true);
    if (row) this.own(row, s);
    this.within(s, body);
    this.push({ kind: "outline", name, body: s.statements });
  }
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
