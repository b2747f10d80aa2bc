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
  /** products with one more factor than these; kept here, so that they go when the symbol does */
  multiples: Map<Product, Product> | undefined;
  /** divisions and the like of polynomials that end with this symbol, by their text */
  definitions: Map<string, Sym> | undefined;
  private whole: Poly | undefined;
  constructor(name: string, def?: SymDefinition) {
    this.name = name;
    this.def = def;
    this.multiples = undefined;
    this.definitions = undefined;
    this.whole = undefined;
  }
  /** the polynomial that is this symbol */
  get poly(): Poly {
    this.whole ??= Poly.term(1, [this]);
    return this.whole;
  }
}

/**
 * A product of symbols, shared by all terms in which it occurs: products are compared by identity and multiplied once, because
 * compilation is polynomial arithmetic for the most part.
 */
class Product {
  static #count = 0;
  static readonly one = new Product([]);
  /** in order of creation; the empty product comes first */
  readonly id = Product.#count++;
  /** sorted by id; a symbol occurs as often as its power */
  readonly syms: readonly Sym[];
  private byProduct: Map<Product, Product> | undefined;
  private known: readonly Sym[] | undefined;

  private constructor(syms: readonly Sym[]) {
    this.syms = syms;
    this.byProduct = undefined;
    this.known = undefined;
  }
  static of(syms: readonly Sym[]): Product {
    let out = Product.one;
    for (let i = 0; i < syms.length; i++) out = out.times(syms[i]!);
    return out;
  }
  /** one more factor; reached along sorted factors only, so that equal products are one object */
  times(s: Sym): Product {
    s.multiples ??= new Map();
    let out = s.multiples.get(this);
    if (!out) {
      const last = this.syms.at(-1);
      if (!last || last.id <= s.id) out = new Product([...this.syms, s]);
      else out = Product.of([...this.syms, s].sort((x, y) => x.id - y.id));
      s.multiples.set(this, out);
    }
    return out;
  }
  mul(o: Product): Product {
    if (o === Product.one) return this;
    if (this === Product.one) return o;
    if (o.syms.length === 1) return this.times(o.syms[0]!);
    this.byProduct ??= new Map();
    let out = this.byProduct.get(o);
    if (!out) {
      out = this as Product;
      for (const s of o.syms) out = out.times(s);
      this.byProduct.set(o, out);
      o.byProduct ??= new Map();
      o.byProduct.set(this, out);
    }
    return out;
  }
  /** one factor less */
  without(s: Sym): Product {
    if (this.syms.length === 1) return Product.one;
    const at = this.syms.indexOf(s);
    return Product.of(this.syms.filter((_, i) => i !== at));
  }
  /** symbols, those inside definitions included */
  get all(): readonly Sym[] {
    this.known ??= this.syms.length === 1 && !this.syms[0]!.def ? this.syms : allOf(this.syms);
    return this.known;
  }
}

/** symbols, each once, with those inside their definitions behind them */
function allOf(syms: readonly Sym[]): readonly Sym[] {
  const into = new Set<Sym>();
  for (const s of syms) {
    into.add(s);
    if (!s.def || s.def.op === "value") continue;
    for (const x of s.def.a.syms) into.add(x);
    for (const x of s.def.b.syms) into.add(x);
  }
  return [...into];
}

export class Term {
  readonly c: number;
  readonly product: Product;
  /** factors, sorted by id; a symbol occurs as often as its power */
  readonly s: readonly Sym[];
  constructor(c: number, product: Product) {
    this.c = c;
    this.product = product;
    this.s = product.syms;
  }
}

/** sums terms that arrive in any order; zero terms vanish; the result is sorted so that equal polynomials have equal terms */
const collect = (terms: Term[]): readonly Term[] => {
  if (terms.length < 2) return terms.length === 1 && terms[0]!.c === 0 ? [] : terms;
  terms.sort((x, y) => x.product.id - y.product.id);
  const out: Term[] = [];
  for (let i = 0; i < terms.length; ) {
    const first = terms[i]!;
    let c = first.c;
    const from = i++;
    while (i < terms.length && terms[i]!.product === first.product) c += terms[i++]!.c;
    if (c !== 0) out.push(i === from + 1 ? first : new Term(c, first.product));
  }
  return out;
};

/** a + sign·b of two sorted lists of terms */
function merged(a: readonly Term[], b: readonly Term[], sign: 1 | -1): readonly Term[] {
  const out: Term[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const x = a[i]!;
    const y = b[j]!;
    if (x.product === y.product) {
      const c = x.c + sign * y.c;
      if (c !== 0) out.push(new Term(c, x.product));
      i++;
      j++;
    } else if (x.product.id < y.product.id) {
      out.push(x);
      i++;
    } else {
      out.push(sign === 1 ? y : new Term(-y.c, y.product));
      j++;
    }
  }
  while (i < a.length) out.push(a[i++]!);
  for (; j < b.length; j++) out.push(sign === 1 ? b[j]! : new Term(-b[j]!.c, b[j]!.product));
  return out;
}

export type PolyLike = Poly | number;

const MOST_NUMBERS = 256;

/** Evaluates a gathered index; only interpreters that know the node can give one. */
export type ValueOf = (node: object) => number;
const noValue: ValueOf = () => {
  throw new Error("a gathered index has no value here");
};

/** An integer polynomial over symbols, immutable: what dims are. Floor division, remainder, minimum and maximum are symbols with a definition. */
export class Poly {
  readonly terms: readonly Term[];
  private knownKey: string | undefined;
  private knownSyms: readonly Sym[] | undefined;

  private constructor(terms: readonly Term[]) {
    this.terms = terms;
    this.knownKey = undefined;
    this.knownSyms = undefined;
  }
  static readonly zero = new Poly([]);
  static readonly one = new Poly([new Term(1, Product.one)]);
  /** small numbers, made once: steps, taps, sizes of elements */
  private static readonly numbers: (Poly | undefined)[] = [Poly.zero, Poly.one];
  static int(n: number): Poly {
    const known = Poly.numbers[n];
    if (known) return known;
    const made = new Poly([new Term(n, Product.one)]);
    if ((n | 0) === n && n > 0 && n < MOST_NUMBERS) Poly.numbers[n] = made;
    return made;
  }
  static sym(s: Sym): Poly {
    return s.poly;
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
    if (this.knownKey === undefined) {
      let key = "";
      for (let i = 0; i < this.terms.length; i++) key += `${this.terms[i]!.c}*${this.terms[i]!.product.id}+`;
      this.knownKey = key || "0";
    }
    return this.knownKey;
  }
  /** the constant term */
  get constant(): number {
    const t = this.terms[0];
    return t && t.product === Product.one ? t.c : 0;
  }
  /** is it a number? */
  get isConst(): boolean {
    return this.terms.length === 0 || (this.terms.length === 1 && this.terms[0]!.product === Product.one);
  }
  /** is it 1? */
  get isOne(): boolean {
    return this.isConst && this.constant === 1;
  }
  /** is it 0? */
  get isZero(): boolean {
    return this.terms.length === 0;
  }
  /** are they the same polynomial? */
  equals(o: PolyLike): boolean {
    if (this === o) return true;
    const [a, b] = [this.terms, Poly.of(o).terms];
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (a[i]!.c !== b[i]!.c || a[i]!.product !== b[i]!.product) return false;
    return true;
  }
  /** this + o */
  add(o: PolyLike): Poly {
    if (typeof o === "number") return this.plus(o);
    if (o.terms.length === 0) return this;
    if (this.terms.length === 0) return o;
    return new Poly(merged(this.terms, o.terms, 1));
  }
  /** this − o */
  sub(o: PolyLike): Poly {
    if (typeof o === "number") return this.plus(-o);
    return o.terms.length === 0 ? this : new Poly(merged(this.terms, o.terms, -1));
  }
  /** the constant term comes first */
  private plus(n: number): Poly {
    if (n === 0) return this;
    const { terms } = this;
    const known = this.constant;
    const rest = known === 0 ? terms : terms.slice(1);
    return known + n === 0 ? new Poly(rest) : new Poly([new Term(known + n, Product.one), ...rest]);
  }
  /** this · o */
  mul(o: PolyLike): Poly {
    if (typeof o === "number") return this.scaled(o);
    if (o.isConst) return this.scaled(o.constant);
    if (this.isConst) return o.scaled(this.constant);
    const [left, right] = [this.terms, o.terms];
    const out: Term[] = [];
    for (let i = 0; i < left.length; i++)
      for (let j = 0; j < right.length; j++)
        out.push(new Term(left[i]!.c * right[j]!.c, left[i]!.product.mul(right[j]!.product)));
    return new Poly(collect(out));
  }
  private scaled(n: number): Poly {
    if (n === 1) return this;
    if (n === 0 || this.terms.length === 0) return Poly.zero;
    return new Poly(this.terms.map(t => new Term(t.c * n, t.product)));
  }
  /** all symbols, those inside definitions included */
  get syms(): readonly Sym[] {
    if (!this.knownSyms) {
      const lists = this.terms.map(t => t.product.all).filter(all => all.length > 0);
      this.knownSyms = lists.length === 1 ? lists[0]! : [...new Set(lists.flat())];
    }
    return this.knownSyms;
  }
  /** does the symbol occur, also inside a definition? */
  has(s: Sym): boolean {
    for (let i = 0; i < this.terms.length; i++) if (this.terms[i]!.product.all.includes(s)) return true;
    return false;
  }
  /** coefficient of a symbol that occurs linearly; undefined when it occurs otherwise (inside a definition, squared) */
  coef(s: Sym): Poly | undefined {
    const out: Term[] = [];
    for (let i = 0; i < this.terms.length; i++) {
      const t = this.terms[i]!;
      if (!t.product.all.includes(s)) continue;
      let n = 0;
      for (let j = 0; j < t.s.length; j++) {
        const x = t.s[j]!;
        if (x === s) n++;
        else if (x.def && x.def.op !== "value" && (x.def.a.has(s) || x.def.b.has(s))) return undefined;
      }
      if (n > 1) return undefined;
      out.push(new Term(t.c, t.product.without(s)));
    }
    return out.length === 0 ? Poly.zero : new Poly(collect(out));
  }
  /** this = s·coefficient + rest, where `rest` has no term in which `s` is a factor */
  factor(s: Sym): { coefficient: Poly; rest: Poly } {
    const inside: Term[] = [];
    const outside: Term[] = [];
    for (let i = 0; i < this.terms.length; i++) {
      const t = this.terms[i]!;
      if (!t.s.includes(s)) outside.push(t);
      else inside.push(new Term(t.c, t.product.without(s)));
    }
    return { coefficient: new Poly(collect(inside)), rest: new Poly(outside) };
  }
  /** replaces symbols, also inside div, mod, min and max; `f` says nothing for symbols that stay */
  subst(f: (s: Sym) => Poly | undefined): Poly {
    let out: Poly | undefined;
    const same: Term[] = [];
    for (let i = 0; i < this.terms.length; i++) {
      const t = this.terms[i]!;
      const replaced = substituted(t, f);
      if (!replaced) same.push(t);
      else out = out ? out.add(replaced) : replaced;
    }
    if (!out) return this;
    return same.length ? out.add(new Poly(same)) : out;
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
    return new Poly(this.terms.map(t => new Term(t.c / n, t.product)));
  }
  static term(c: number, s: readonly Sym[]): Poly {
    if (s.length === 0) return Poly.int(c);
    return c === 0 ? Poly.zero : new Poly([new Term(c, Product.of(s))]);
  }
  /** its value where `f` gives that of each symbol */
  evaluate(f: (s: Sym) => number, valueOf: ValueOf = noValue): number {
    let out = 0;
    for (let i = 0; i < this.terms.length; i++) {
      const t = this.terms[i]!;
      let p = t.c;
      for (let j = 0; j < t.s.length; j++) p *= evaluateSym(t.s[j]!, f, valueOf);
      out += p;
    }
    return out;
  }
  /** as text, such as `4*M + 1` */
  print(nameOf: (s: Sym) => string = s => s.name): string {
    if (this.terms.length === 0) return "0";
    const term = (t: Term): string => {
      const parts = t.s.map(s => printSym(s, nameOf));
      return t.c === 1 && parts.length ? parts.join("*") : [t.c, ...parts].join("*");
    };
    return this.terms.map(term).join(" + ");
  }
}

/** The term with symbols replaced; undefined: none was. */
function substituted(t: Term, f: (s: Sym) => Poly | undefined): Poly | undefined {
  let out: Poly | undefined;
  const syms = t.product.syms;
  for (let i = 0; i < syms.length; i++) {
    const r = replacement(syms[i]!, f);
    if (r && !out) out = Poly.term(t.c, syms.slice(0, i));
    if (out) out = out.mul(r ?? syms[i]!.poly);
  }
  return out;
}
function replacement(s: Sym, f: (s: Sym) => Poly | undefined): Poly | undefined {
  const r = f(s);
  if (r || !s.def || s.def.op === "value") return r;
  const a = s.def.a.subst(f);
  const b = s.def.b.subst(f);
  return a !== s.def.a || b !== s.def.b ? opaque(s.def.op, a, b) : undefined;
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

/** floor division and its remainder (never negative for a positive divisor; both 0 for 0), min, max */
function apply(op: SymOp, x: number, y: number): number {
  switch (op) {
    case "div":
      return y === 0 ? 0 : Math.floor(x / y);
    case "mod":
      return y === 0 ? 0 : x - y * Math.floor(x / y);
    case "min":
      return Math.min(x, y);
    case "max":
      return Math.max(x, y);
  }
}

// Equal definitions share one symbol, so that keys agree. They are kept with a symbol of theirs, and go when it does.
const definitionsOf = (a: Poly, b: Poly): Map<string, Sym> => {
  const anchor = a.terms.at(-1)?.s.at(-1) ?? b.terms.at(-1)?.s.at(-1);
  if (!anchor) return constantDefinitions;
  anchor.definitions ??= new Map();
  return anchor.definitions;
};
/** divisions of numbers by zero */
const constantDefinitions = new Map<string, Sym>();

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
  const definitions = definitionsOf(a, b);
  let s = definitions.get(k);
  if (!s) {
    s = new Sym(op, { op, a, b });
    definitions.set(k, s);
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
    if (left && whole !== 0) quotient = quotient.add(Poly.term(whole, left));
    const c = left ? t.c - whole * d.c : t.c;
    if (c !== 0) rest = rest.add(Poly.term(c, t.s));
  }
  return { quotient, rest };
}

/** smallest multiple of `unit` that is at least p */
export const roundUp = (p: Poly, unit: number): Poly => ceilDiv(p, unit).mul(unit);
export const ceilDiv = (p: Poly, unit: PolyLike): Poly => opaque("div", p.add(Poly.of(unit).sub(1)), Poly.of(unit));
