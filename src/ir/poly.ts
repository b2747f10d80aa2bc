// Integer polynomials over symbols (dims, axes, loop variables, base pointers, run-time strides).
// Every dim, index and address in the compiler is one of these: a stride is a coefficient, a constant offset is the
// constant term, loop-invariant motion is "which symbols occur". Floor-div, mod, min and max are opaque symbols with a
// definition; so is an index that is read from a tensor (a gather), whose definition is a tile IR node.

export type SymOp = "div" | "mod" | "min" | "max";
export type SymDefinition =
  | { readonly op: SymOp; readonly a: Poly; readonly b: Poly }
  /** a gathered index: `node` is a tile IR node with integer dtype; kept opaque here so that this file stands alone */
  | { readonly op: "value"; readonly node: object };

export class Sym {
  static #count = 0;
  readonly id = Sym.#count++;
  readonly name: string;
  readonly def: SymDefinition | undefined;
  constructor(name: string, def?: SymDefinition) {
    this.name = name;
    this.def = def;
  }
}

interface Term {
  readonly c: number;
  /** sorted by id; a symbol occurs as often as its power */
  readonly s: readonly Sym[];
  readonly key: string;
}

const productKey = (s: readonly Sym[]): string => {
  let k = "";
  for (const x of s) k += `${x.id}*`;
  return k;
};

/** merges two sorted symbol lists */
const mergeSyms = (a: readonly Sym[], b: readonly Sym[]): readonly Sym[] => {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return [...a, ...b].sort((x, y) => x.id - y.id);
};

/** sums terms that arrive in any order; zero terms vanish; the result is sorted by key so that equal polynomials print alike */
const collect = (terms: readonly Term[]): readonly Term[] => {
  const m = new Map<string, Term>();
  for (const t of terms) {
    const old = m.get(t.key);
    m.set(t.key, old ? { c: old.c + t.c, s: t.s, key: t.key } : t);
  }
  const out: Term[] = [];
  for (const t of m.values()) if (t.c !== 0) out.push(t);
  return out.sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0));
};

/** the sum of two sorted lists of terms */
function merged(a: readonly Term[], b: readonly Term[]): readonly Term[] {
  const out: Term[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const x = a[i]!;
    const y = b[j]!;
    if (x.key === y.key) {
      if (x.c + y.c !== 0) out.push({ c: x.c + y.c, s: x.s, key: x.key });
      i++;
      j++;
    } else if (x.key < y.key) {
      out.push(x);
      i++;
    } else {
      out.push(y);
      j++;
    }
  }
  while (i < a.length) out.push(a[i++]!);
  while (j < b.length) out.push(b[j++]!);
  return out;
}

export type PolyLike = Poly | number;

/** Evaluates a gathered index; only interpreters that know the node can give one. */
export type ValueOf = (node: object) => number;
const noValue: ValueOf = () => {
  throw new Error("a gathered index has no value here");
};

export class Poly {
  readonly terms: readonly Term[];
  #key: string | undefined;
  #syms: ReadonlySet<Sym> | undefined;

  private constructor(terms: readonly Term[]) {
    this.terms = terms;
  }
  static readonly zero = new Poly([]);
  static readonly one = Poly.int(1);
  static int(n: number): Poly {
    return n === 0 ? (Poly.zero ?? new Poly([])) : new Poly([{ c: n, s: [], key: "" }]);
  }
  static sym(s: Sym): Poly {
    return new Poly([{ c: 1, s: [s], key: `${s.id}*` }]);
  }
  static of(x: PolyLike): Poly {
    return typeof x === "number" ? Poly.int(x) : x;
  }
  static product(ps: Iterable<PolyLike>): Poly {
    let out = Poly.one;
    for (const p of ps) out = out.mul(p);
    return out;
  }
  /** equal polynomials have equal keys */
  get key(): string {
    if (this.#key === undefined) this.#key = this.terms.map(t => `${t.c}*${t.key}`).join("+") || "0";
    return this.#key;
  }
  /** the constant term */
  get constant(): number {
    const t = this.terms[0];
    return t && t.s.length === 0 ? t.c : 0;
  }
  get isConst(): boolean {
    return this.terms.length === 0 || (this.terms.length === 1 && this.terms[0]!.s.length === 0);
  }
  get isZero(): boolean {
    return this.terms.length === 0;
  }
  equals(o: PolyLike): boolean {
    return this === o || this.key === Poly.of(o).key;
  }
  add(o: PolyLike): Poly {
    const p = Poly.of(o);
    if (p.isZero) return this;
    if (this.isZero) return p;
    return new Poly(merged(this.terms, p.terms));
  }
  sub(o: PolyLike): Poly {
    return this.add(Poly.of(o).mul(-1));
  }
  mul(o: PolyLike): Poly {
    const p = Poly.of(o);
    if (p.isZero || this.isZero) return Poly.zero;
    if (p.isConst)
      return p.constant === 1 ? this : new Poly(this.terms.map(t => ({ c: t.c * p.constant, s: t.s, key: t.key })));
    if (this.isConst) return p.mul(this.constant);
    const out: Term[] = [];
    for (const a of this.terms)
      for (const b of p.terms) {
        const s = mergeSyms(a.s, b.s);
        out.push({ c: a.c * b.c, s, key: productKey(s) });
      }
    return new Poly(collect(out));
  }
  /** all symbols, those inside definitions included */
  get syms(): ReadonlySet<Sym> {
    if (!this.#syms) {
      const into = new Set<Sym>();
      for (const t of this.terms)
        for (const s of t.s)
          if (!into.has(s)) {
            into.add(s);
            if (s.def && s.def.op !== "value") {
              for (const x of s.def.a.syms) into.add(x);
              for (const x of s.def.b.syms) into.add(x);
            }
          }
      this.#syms = into;
    }
    return this.#syms;
  }
  has(s: Sym): boolean {
    return this.syms.has(s);
  }
  /** coefficient of a symbol that occurs linearly; undefined when it occurs otherwise (inside a definition, squared) */
  coef(s: Sym): Poly | undefined {
    if (!this.has(s)) return Poly.zero;
    const out: Term[] = [];
    for (const t of this.terms) {
      let n = 0;
      for (const x of t.s) {
        if (x === s) n++;
        else if (x.def && x.def.op !== "value" && (x.def.a.has(s) || x.def.b.has(s))) return undefined;
      }
      if (n > 1) return undefined;
      if (n === 1) {
        const rest = t.s.filter(x => x !== s);
        out.push({ c: t.c, s: rest, key: productKey(rest) });
      }
    }
    return new Poly(collect(out));
  }
  /** this = s·coefficient + rest, where `rest` has no term in which `s` is a factor */
  factor(s: Sym): { coefficient: Poly; rest: Poly } {
    const inside: Term[] = [];
    const outside: Term[] = [];
    for (const t of this.terms) {
      if (!t.s.includes(s)) outside.push(t);
      else {
        const rest = without(t.s, s);
        inside.push({ c: t.c, s: rest, key: productKey(rest) });
      }
    }
    return { coefficient: new Poly(collect(inside)), rest: new Poly(outside) };
  }
  /** replaces symbols, also inside div, mod, min and max; `f` says nothing for symbols that stay */
  subst(f: (s: Sym) => Poly | undefined): Poly {
    let changed = false;
    let out = Poly.zero;
    for (const t of this.terms) {
      let p = Poly.int(t.c);
      let termChanged = false;
      for (const s of t.s) {
        let r = f(s);
        if (!r && s.def && s.def.op !== "value") {
          const a = s.def.a.subst(f);
          const b = s.def.b.subst(f);
          if (a !== s.def.a || b !== s.def.b) r = opaque(s.def.op, a, b);
        }
        if (r) termChanged = true;
        p = p.mul(r ?? Poly.sym(s));
      }
      if (termChanged) changed = true;
      out = out.add(p);
    }
    return changed ? out : this;
  }
  /** (a div b)·b·r + (a mod b)·r = a·r: what makes a fused or split pair of axes contiguous again */
  mergeDivMod(): Poly {
    for (const t of this.terms)
      for (const d of t.s) {
        if (d.def?.op !== "div") continue;
        const { a, b } = d.def;
        const m = opaque("mod", a, b);
        if (m.terms.length !== 1 || m.terms[0]!.s.length !== 1) continue;
        const modSym = m.terms[0]!.s[0]!;
        const rest = Poly.term(t.c, without(t.s, d));
        for (const u of this.terms) {
          if (!u.s.includes(modSym)) continue;
          const r = Poly.term(u.c, without(u.s, modSym));
          if (r.mul(b).equals(rest))
            return this.sub(Poly.term(t.c, t.s)).sub(Poly.term(u.c, u.s)).add(a.mul(r)).mergeDivMod();
        }
      }
    return this;
  }
  /** this / n, for an n that divides every coefficient */
  divideExactly(n: number): Poly {
    return new Poly(this.terms.map(t => ({ c: t.c / n, s: t.s, key: t.key })));
  }
  static term(c: number, s: readonly Sym[]): Poly {
    return new Poly([{ c, s, key: productKey(s) }]);
  }
  evaluate(f: (s: Sym) => number, valueOf: ValueOf = noValue): number {
    let out = 0;
    for (const t of this.terms) {
      let p = t.c;
      for (const s of t.s) p *= evaluateSym(s, f, valueOf);
      out += p;
    }
    return out;
  }
  print(nameOf: (s: Sym) => string = s => s.name): string {
    if (this.terms.length === 0) return "0";
    const term = (t: Term): string => {
      const parts = t.s.map(s => printSym(s, nameOf));
      return t.c === 1 && parts.length ? parts.join("*") : [t.c, ...parts].join("*");
    };
    return this.terms.map(term).join(" + ");
  }
}

const without = (s: readonly Sym[], x: Sym): readonly Sym[] => {
  const at = s.indexOf(x);
  return s.filter((_, i) => i !== at);
};

function evaluateSym(s: Sym, f: (s: Sym) => number, valueOf: ValueOf): number {
  if (!s.def) return f(s);
  if (s.def.op === "value") return valueOf(s.def.node);
  return apply(s.def.op, s.def.a.evaluate(f, valueOf), s.def.b.evaluate(f, valueOf));
}

function printSym(s: Sym, nameOf: (s: Sym) => string): string {
  if (!s.def || s.def.op === "value") return nameOf(s);
  const a = s.def.a.print(nameOf);
  const b = s.def.b.print(nameOf);
  return s.def.op === "min" || s.def.op === "max" ? `${s.def.op}(${a}, ${b})` : `(${a} ${s.def.op} ${b})`;
}

/** floor division and its remainder (never negative for a positive divisor), min, max */
function apply(op: SymOp, x: number, y: number): number {
  switch (op) {
    case "div":
      return Math.floor(x / y);
    case "mod":
      return x - y * Math.floor(x / y);
    case "min":
      return Math.min(x, y);
    case "max":
      return Math.max(x, y);
  }
}

// Equal definitions share one symbol, so that keys agree. Weakly held through the arguments' keys: entries are small and
// bounded by the distinct index expressions of the process.
const consed = new Map<string, Sym>();

/** a div b, a mod b, min(a, b), max(a, b) as polynomials; constants fold, trivial cases simplify */
export function opaque(op: SymOp, a: Poly, b: Poly): Poly {
  if (a.isConst && b.isConst && !((op === "div" || op === "mod") && b.constant === 0))
    return Poly.int(apply(op, a.constant, b.constant));
  if (op === "div" || op === "mod") {
    if (b.isConst && b.constant === 1) return op === "div" ? a : Poly.zero;
    if (a.isZero) return Poly.zero;
    const split = divisible(a, b);
    // (q·b + r) div b = q + r div b; the remainder keeps only r
    if (split) {
      if (split.rest.isZero) return op === "div" ? split.quotient : Poly.zero;
      if (!split.quotient.isZero)
        return op === "div" ? split.quotient.add(opaque("div", split.rest, b)) : opaque("mod", split.rest, b);
    }
  } else {
    if (a.equals(b)) return a;
    const difference = a.sub(b);
    if (difference.isConst) return difference.constant < 0 === (op === "min") ? a : b;
    if (b.key < a.key) return opaque(op, b, a);
  }
  const k = `${op}(${a.key},${b.key})`;
  let s = consed.get(k);
  if (!s) {
    s = new Sym(op, { op, a, b });
    consed.set(k, s);
  }
  return Poly.sym(s);
}

/** splits a into quotient·b + rest, term by term, for a divisor that is one term */
function divisible(a: Poly, b: Poly): { quotient: Poly; rest: Poly } | undefined {
  if (b.terms.length !== 1) return undefined;
  const d = b.terms[0]!;
  if (d.c <= 0) return undefined;
  let quotient = Poly.zero;
  let rest = Poly.zero;
  for (const t of a.terms) {
    let left: readonly Sym[] | undefined = t.s;
    for (const s of d.s) left = left?.includes(s) ? without(left, s) : undefined;
    const whole = left ? Math.floor(t.c / d.c) : 0;
    if (left && whole !== 0) quotient = quotient.add(left.reduce((p, s) => p.mul(Poly.sym(s)), Poly.int(whole)));
    const c = left ? t.c - whole * d.c : t.c;
    if (c !== 0) rest = rest.add(t.s.reduce((p, s) => p.mul(Poly.sym(s)), Poly.int(c)));
  }
  return { quotient, rest };
}

/** smallest multiple of `unit` that is at least p */
export const roundUp = (p: Poly, unit: number): Poly => ceilDiv(p, unit).mul(unit);
export const ceilDiv = (p: Poly, unit: PolyLike): Poly => opaque("div", p.add(Poly.of(unit).sub(1)), Poly.of(unit));
