// Reads tile IR that print.ts printed, or that somebody edited. Names of values, axes and views are those of the text.
import type { Dtype } from "./dtypes.js";
import { dtypes, is64BitInteger } from "./dtypes.js";
import { Lexer } from "./lexer.js";
import { nameKernel } from "./names.js";
import type { SymOp } from "./poly.js";
import { opaque, Poly, Sym } from "./poly.js";
import { symbolNames } from "./print.js";
import type { Axis, Dim, Fold, Kernel, Layout, MapOp, Materialized, Node, ReduceOp, Store, Tensor } from "./tile.js";
import { axesOf, gathered, isTensor, newAxis, nextId, node, unionAxes } from "./tile.js";

/**
 * The kernel of a text. With `original`, the kernel that the text was printed from, sizes of the same name are the same symbols, so that the
 * edited kernel can stand in its place.
 */
export function parse(text: string, original?: Kernel): Kernel {
  return new Parser(text, original).kernel();
}

/** a literal that has not met its dtype yet */
interface Untyped {
  readonly literal: string;
}
type Operand = Node | Untyped;
const isUntyped = (x: Operand): x is Untyped => "literal" in x;

const unaryOps = ["neg", "abs", "sqrt", "floor", "ceil", "round", "trunc", "not"];
const binaryOps = ["add", "sub", "mul", "div", "mod", "rem", "min", "max", "and", "or", "xor", "shl", "shr"];
const compareOps = ["eq", "ne", "lt", "le", "gt", "ge"];
const reduceOps = ["sum", "max", "min", "prod", "dot"];
const mapArity = new Map<string, number>([
  ...unaryOps.map(op => [op, 1] as const),
  ...[...binaryOps, ...compareOps].map(op => [op, 2] as const),
  ["select", 3],
]);

class Parser {
  readonly #in: Lexer;
  readonly #symbols = new Map<string, Sym>();
  readonly #dims: Dim[] = [];
  readonly #axes = new Map<string, Axis>();
  readonly #tensors = new Map<string, Tensor>();
  readonly #views = new Map<string, Materialized>();
  readonly #nodes = new Map<string, Node>();
  #grid: Axis[] = [];

  constructor(text: string, original: Kernel | undefined) {
    this.#in = new Lexer(text);
    if (original) for (const [s, name] of symbolNames(original)) this.#symbols.set(name, s);
  }

  kernel(): Kernel {
    this.#in.expect("kernel");
    const name = this.#in.name();
    this.#in.expect("(");
    this.#in.list(")", () => this.#dim());
    this.#in.expect("{");
    const { stores, folds } = this.#body();
    this.#in.expect("}");
    if (this.#in.peek().kind !== "end")
      throw this.#in.fail(`"${this.#in.peek().text}" follows the end of the kernel; remove it`);
    const k: Kernel = { name, tensors: [...this.#tensors.values()], dims: this.#dims, grid: this.#grid, stores, folds };
    nameKernel(k);
    return k;
  }

  #dim(): void {
    const name = this.#in.name();
    const size = this.#in.take("=") ? this.#poly(true) : Poly.sym(this.#symbol(name));
    this.#dims.push({ name, size });
  }
  #symbol(name: string): Sym {
    let s = this.#symbols.get(name);
    if (!s) {
      s = new Sym(name);
      this.#symbols.set(name, s);
    }
    return s;
  }

  /** statements up to "}" or "yield" */
  #body(): { stores: Store[]; folds: Fold[] } {
    const stores: Store[] = [];
    const folds: Fold[] = [];
    while (!this.#in.is("}") && !this.#in.is("yield")) {
      if (this.#in.take("store")) stores.push(this.#store());
      else if (this.#in.take("fold")) folds.push(this.#fold());
      else this.#statement();
    }
    return { stores, folds };
  }
  #statement(): void {
    const x = this.#in;
    if (x.take("symbol")) for (const name of x.items(() => x.name())) this.#symbol(name);
    else if (x.is("input") || x.is("output") || x.is("inout")) this.#tensor(x.next().text as Tensor["role"]);
    else if (x.take("grid")) this.#grid = x.items(() => this.#axis());
    else if (x.take("axis")) x.items(() => this.#axis());
    else if (x.take("view")) this.#view();
    else this.#definition();
  }
  #tensor(role: Tensor["role"]): void {
    const x = this.#in;
    const name = x.name();
    if (this.#tensors.has(name)) throw x.fail(`tensor "${name}" is declared twice; rename one of them`);
    x.expect(":");
    const dtype = this.#dtype();
    x.expect("[");
    const dims = x.list("]", () => this.#poly());
    const constant = x.take("constant");
    const layout = x.take("layout") ? this.#layout() : undefined;
    this.#tensors.set(name, {
      name,
      dtype,
      dims,
      role,
      ...(constant ? { constant } : {}),
      ...(layout ? { layout } : {}),
    });
  }
  #layout(): Layout {
    const x = this.#in;
    x.expect("[");
    const order = x.list("]", () => x.integer());
    const block = x.take("block") ? this.#block() : undefined;
    let strides: Poly[] | undefined;
    if (x.take("strides")) {
      x.expect("[");
      strides = x.list("]", () => this.#poly());
    }
    return { order, ...(block ? { block } : {}), ...(strides ? { strides } : {}) };
  }
  #block(): { dim: number; size: number } {
    const dim = this.#in.integer();
    this.#in.expect("by");
    return { dim, size: this.#in.integer() };
  }
  #axis(): Axis {
    const x = this.#in;
    const name = x.name();
    if (this.#axes.has(name) || this.#symbols.has(name))
      throw x.fail(`"${name}" is declared twice; rename one of them`);
    x.expect(":");
    const axis = newAxis(name, this.#poly());
    this.#axes.set(name, axis);
    return axis;
  }
  #known<T>(from: ReadonlyMap<string, T>, what: string): T {
    const name = this.#in.name();
    const found = from.get(name);
    if (found === undefined)
      throw this.#in.fail(`${what} "${name}" is not defined above; define it or correct the name`);
    return found;
  }
  #view(): void {
    const x = this.#in;
    const name = x.name();
    x.expect("of");
    const value = this.#typed(this.#operand(), undefined);
    x.expect("over");
    this.#views.set(name, { name, value, axes: x.items(() => this.#known(this.#axes, "axis")) });
  }
  #definition(): void {
    const name = this.#in.name();
    if (this.#nodes.has(name)) throw this.#in.fail(`value "${name}" is defined twice; rename one of them`);
    this.#in.expect("=");
    const n = this.#typed(this.#operand(), undefined);
    // `y = x` makes no value of its own
    if (![...this.#nodes.values()].includes(n)) n.name = name;
    this.#nodes.set(name, n);
  }
  #store(): Store {
    const name = this.#in.name();
    const tensor = this.#tensors.get(name);
    if (!tensor) throw this.#in.fail(`tensor "${name}" is not declared; declare it or correct the name`);
    const index = this.#index();
    this.#in.expect("=");
    return { tensor, index, value: this.#typed(this.#operand(), tensor.dtype) };
  }

  #fold(): Fold {
    const x = this.#in;
    const axis = this.#axis();
    const steps = x.take("steps");
    const until = x.take("until") ? this.#known(this.#axes, "axis") : undefined;
    x.expect("(");
    const states = x.list(")", () => x.name());
    x.expect("from");
    x.expect("(");
    const init = x.list(")", () => this.#typed(this.#operand(), undefined));
    if (init.length !== states.length)
      throw x.fail(`the fold has ${states.length} states and ${init.length} initial values; make them agree`);
    const stores: Store[] = [];
    const folds: Fold[] = [];
    const f: Fold = { id: nextId(), axis, steps, init, next: [], stores, folds, ...(until ? { until } : {}) };
    this.#slots("state", f, states);
    x.expect("{");
    const body = this.#body();
    stores.push(...body.stores);
    folds.push(...body.folds);
    x.expect("yield");
    if (!x.is("}")) f.next = x.items(() => this.#operand()).map((o, slot) => this.#typed(o, init[slot]?.dtype));
    if (f.next.length !== init.length)
      throw x.fail(`the fold has ${init.length} states and yields ${f.next.length} values; make them agree`);
    x.expect("}");
    x.expect("into");
    x.expect("(");
    const results = x.list(")", () => x.name());
    this.#slots("result", f, results);
    return f;
  }
  #slots(kind: "state" | "result", f: Fold, names: readonly string[]): void {
    names.forEach((name, slot) => {
      const from = f.init[slot];
      if (name === "_" || !from) return;
      if (this.#nodes.has(name)) throw this.#in.fail(`value "${name}" is defined twice; rename one of them`);
      this.#nodes.set(
        name,
        node<"state" | "result">({ kind, fold: f, slot, axes: from.axes, dtype: from.dtype, name }) as Node,
      );
    });
  }

  #dtype(): Dtype {
    const t = this.#in.next();
    if (!(t.text in dtypes))
      throw this.#in.fail(`"${t.text}" is no dtype; use one of ${Object.keys(dtypes).join(", ")}`);
    return t.text as Dtype;
  }
  #typed(x: Operand, dtype: Dtype | undefined): Node {
    if (!isUntyped(x)) return x;
    if (!dtype) throw this.#in.fail(`the literal ${x.literal} has no dtype here; write for example "f32 ${x.literal}"`);
    return node<"full">({ kind: "full", value: this.#value(x.literal, dtype), axes: [], dtype });
  }
  #value(text: string, dtype: Dtype): number | bigint {
    const special: Record<string, number> = {
      true: 1,
      false: 0,
      inf: Number.POSITIVE_INFINITY,
      "-inf": Number.NEGATIVE_INFINITY,
      nan: Number.NaN,
    };
    const x = special[text] ?? Number(text);
    if (dtypes[dtype].kind !== "float" && !Number.isInteger(x))
      throw this.#in.fail(`${text} is no ${dtype}; write an integer`);
    return is64BitInteger(dtype) ? BigInt(text in special ? x : text) : x;
  }

  #operand(): Operand {
    const x = this.#in;
    const t = x.peek();
    if (t.kind === "sign" && t.text === "[") return this.#indexValue("i32");
    if (t.kind === "number" || x.is("-") || ["inf", "nan", "true", "false"].some(w => x.is(w)))
      return { literal: this.#literal() };
    if (t.kind === "word" && t.text === "full") return this.#full();
    if (t.kind === "word" && t.text in dtypes) {
      const dtype = this.#dtype();
      if (x.is("[")) return this.#indexValue(dtype);
      return this.#typed({ literal: this.#literal() }, dtype);
    }
    const after = x.peek(1);
    if (after.kind === "sign" && after.text === "[") return this.#load();
    if (t.kind === "word" && after.kind === "sign" && after.text === "(") return this.#operation();
    return this.#known(this.#nodes, "value");
  }
  #literal(): string {
    const sign = this.#in.take("-") ? "-" : "";
    return sign + this.#in.next().text;
  }
  #full(): Node {
    this.#in.expect("full");
    const dtype = this.#dtype();
    const value = this.#value(this.#literal(), dtype);
    const axes = this.#in.take("over") ? this.#in.items(() => this.#known(this.#axes, "axis")) : [];
    return node<"full">({ kind: "full", value, axes, dtype });
  }
  #indexValue(dtype: Dtype): Node {
    const [index] = this.#index();
    if (!index || (dtype !== "i32" && dtype !== "i64"))
      throw this.#in.fail("an index is one expression of i32 or i64 in brackets");
    return node<"index">({ kind: "index", index, axes: axesOf(index), dtype });
  }
  #load(): Node {
    const name = this.#in.name();
    const tensor = this.#views.get(name) ?? this.#tensors.get(name);
    if (!tensor) throw this.#in.fail(`tensor or view "${name}" is not defined above; define it or correct the name`);
    const dtype = isTensor(tensor) ? tensor.dtype : tensor.value.dtype;
    const index = this.#index();
    const fill = this.#value(this.#in.take("else") ? this.#literal() : "0", dtype);
    return node<"load">({ kind: "load", tensor, index, fill, axes: unionAxes(...index.map(axesOf)), dtype });
  }
  #index(): Poly[] {
    this.#in.expect("[");
    return this.#in.list("]", () => this.#poly());
  }

  #operation(): Node {
    const x = this.#in;
    const op = x.name();
    x.expect("(");
    if (op === "cast" || op === "bitcast") return this.#conversion(op);
    const args = x.list(")", () => this.#operand());
    if (x.is("over") || x.is("as")) return this.#reduction(op, args);
    return this.#elementwise(op, args);
  }
  #conversion(op: "cast" | "bitcast"): Node {
    const arg = this.#typed(this.#operand(), undefined);
    this.#in.expect(",");
    const dtype = this.#dtype();
    this.#in.expect(")");
    return node<"map">({ kind: "map", op, args: [arg], axes: arg.axes, dtype });
  }
  #reduction(op: string, operands: readonly Operand[]): Node {
    const x = this.#in;
    if (!reduceOps.includes(op)) throw x.fail(`"${op}" is no reduction; use one of ${reduceOps.join(", ")}`);
    if (operands.length !== (op === "dot" ? 2 : 1))
      throw x.fail(`${op} takes ${op === "dot" ? "two values" : "one value"}, not ${operands.length}`);
    const over = x.take("over") ? x.items(() => this.#known(this.#axes, "axis")) : [];
    x.expect("as");
    const dtype = this.#dtype();
    const args = operands.map(o => this.#typed(o, dtype));
    const axes = unionAxes(...args.map(a => a.axes)).filter(a => !over.includes(a));
    return node<"reduce">({ kind: "reduce", op: op === "dot" ? "sum" : (op as ReduceOp), args, over, axes, dtype });
  }
  #elementwise(op: string, operands: readonly Operand[]): Node {
    const arity = mapArity.get(op);
    if (arity !== undefined && operands.length !== arity)
      throw this.#in.fail(`${op} takes ${arity} values, not ${operands.length}`);
    const data = op === "select" ? operands.slice(1) : operands;
    const adopted = data.find(o => !isUntyped(o)) as Node | undefined;
    const args = operands.map((o, k) => this.#typed(o, op === "select" && k === 0 ? "bool" : adopted?.dtype));
    const axes = unionAxes(...args.map(a => a.axes));
    const dtype = args.at(-1)!.dtype;
    if (arity === undefined) return node<"call">({ kind: "call", fn: op, args, axes, dtype });
    return node<"map">({ kind: "map", op: op as MapOp, args, axes, dtype: compareOps.includes(op) ? "bool" : dtype });
  }

  /** sums of products; `declare` makes symbols of unknown names */
  #poly(declare = false): Poly {
    let sum = this.#in.take("-") ? this.#product(declare).mul(-1) : this.#product(declare);
    for (;;) {
      if (this.#in.take("+")) sum = sum.add(this.#product(declare));
      else if (this.#in.take("-")) sum = sum.sub(this.#product(declare));
      else return sum;
    }
  }
  #product(declare: boolean): Poly {
    let product = this.#factor(declare);
    while (this.#in.take("*")) product = product.mul(this.#factor(declare));
    return product;
  }
  #factor(declare: boolean): Poly {
    const x = this.#in;
    const t = x.peek();
    if (t.kind === "number") return Poly.int(x.integer());
    if (x.take("@")) return gathered(this.#known(this.#nodes, "value"));
    if (x.take("(")) {
      const p = this.#poly(declare);
      x.expect(")");
      return p;
    }
    const after = x.peek(1);
    if (["div", "mod", "min", "max"].includes(t.text) && after.kind === "sign" && after.text === "(") {
      const op = x.name() as SymOp;
      x.expect("(");
      const a = this.#poly(declare);
      x.expect(",");
      const b = this.#poly(declare);
      x.expect(")");
      return opaque(op, a, b);
    }
    const name = x.name();
    const axis = this.#axes.get(name);
    if (axis) return Poly.sym(axis.sym);
    if (!declare && !this.#symbols.has(name))
      throw x.fail(`"${name}" is neither an axis nor a dim; declare it or correct the name`);
    return Poly.sym(this.#symbol(name));
  }
}
