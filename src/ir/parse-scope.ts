// The names of a kernel's text while it is read, and index expressions over them.
import type { Dtype } from "./dtypes.js";
import { dtypes } from "./dtypes.js";
import type { Intrinsic } from "./intrinsic.js";
import { Lexer } from "./lexer.js";
import type { SymOp } from "./poly.js";
import { opaque, Poly, Sym } from "./poly.js";
import { symbolNames } from "./print.js";
import type { Axis, Kernel, Materialized, Node, Tensor } from "./tile.js";
import { gathered } from "./tile.js";

export class ParseScope {
  readonly in: Lexer;
  readonly symbols = new Map<string, Sym>();
  readonly axes = new Map<string, Axis>();
  readonly tensors = new Map<string, Tensor>();
  readonly views = new Map<string, Materialized>();
  readonly nodes = new Map<string, Node>();
  readonly intrinsics = new Map<string, Intrinsic>();

  constructor(text: string, original: Kernel | undefined) {
    this.in = new Lexer(text);
    if (original) for (const [s, name] of symbolNames(original)) this.symbols.set(name, s);
  }

  symbol(name: string): Sym {
    let s = this.symbols.get(name);
    if (!s) {
      s = new Sym(name);
      this.symbols.set(name, s);
    }
    return s;
  }
  known<T>(from: ReadonlyMap<string, T>, what: string): T {
    const name = this.in.name();
    const found = from.get(name);
    if (found === undefined)
      throw this.in.fail(`${what} "${name}" is not defined above; define it or correct the name`);
    return found;
  }
  dtype(): Dtype {
    const t = this.in.next();
    if (!(t.text in dtypes))
      throw this.in.fail(`"${t.text}" is no dtype; use one of ${Object.keys(dtypes).join(", ")}`);
    return t.text as Dtype;
  }
  index(): Poly[] {
    this.in.expect("[");
    return this.in.list("]", () => this.poly());
  }
  /** sums of products; `declare` makes symbols of unknown names */
  poly(declare = false): Poly {
    let sum = this.in.take("-") ? this.#product(declare).mul(-1) : this.#product(declare);
    for (;;) {
      if (this.in.take("+")) sum = sum.add(this.#product(declare));
      else if (this.in.take("-")) sum = sum.sub(this.#product(declare));
      else return sum;
    }
  }
  #product(declare: boolean): Poly {
    let product = this.#factor(declare);
    while (this.in.take("*")) product = product.mul(this.#factor(declare));
    return product;
  }
  #factor(declare: boolean): Poly {
    const x = this.in;
    const t = x.peek();
    if (t.kind === "number") return Poly.int(x.integer());
    if (x.take("@")) return gathered(this.known(this.nodes, "value"));
    if (x.take("(")) {
      const p = this.poly(declare);
      x.expect(")");
      return p;
    }
    const after = x.peek(1);
    if (["div", "mod", "min", "max"].includes(t.text) && after.kind === "sign" && after.text === "(") {
      const op = x.name() as SymOp;
      x.expect("(");
      const a = this.poly(declare);
      x.expect(",");
      const b = this.poly(declare);
      x.expect(")");
      return opaque(op, a, b);
    }
    const name = x.name();
    const axis = this.axes.get(name);
    if (axis) return Poly.sym(axis.sym);
    if (!declare && !this.symbols.has(name))
      throw x.fail(`"${name}" is neither an axis nor a dim; declare it or correct the name`);
    return Poly.sym(this.symbol(name));
  }
}
