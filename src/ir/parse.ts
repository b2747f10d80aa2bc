// Reads tile IR that print.ts printed, or that somebody edited. Names of values, axes and views are those of the text.
import type { Intrinsic } from "./intrinsic.js";
import { nameKernel } from "./names.js";
import { ExpressionParser } from "./parse-expression.js";
import { ParseScope } from "./parse-scope.js";
import { Poly } from "./poly.js";
import type { Axis, Dim, Fold, Kernel, Layout, Node, Part, Segments, Store, Tensor } from "./tile.js";
import { combines, newAxis, nextId, node, segmentCount } from "./tile.js";

/**
 * The kernel of a text. With `original`, the kernel that the text was printed from, sizes of the same name are the same symbols, so that the
 * edited kernel can stand in its place.
 */
export function parse(text: string, original?: Kernel): Kernel {
  return new Parser(text, original).kernel();
}

class Parser {
  readonly #scope: ParseScope;
  readonly #expressions: ExpressionParser;
  readonly #dims: Dim[] = [];
  #grid: Axis[] = [];
  #segments: Segments | undefined;

  constructor(text: string, original: Kernel | undefined) {
    this.#scope = new ParseScope(text, original);
    this.#expressions = new ExpressionParser(this.#scope);
  }

  kernel(): Kernel {
    this.#scope.in.expect("kernel");
    const name = this.#scope.in.name();
    this.#scope.in.expect("(");
    this.#scope.in.list(")", () => this.#dim());
    this.#scope.in.expect("{");
    const { stores, folds } = this.#body();
    this.#scope.in.expect("}");
    if (this.#scope.in.peek().kind !== "end")
      throw this.#scope.in.fail(`"${this.#scope.in.peek().text}" follows the end of the kernel; remove it`);
    const k: Kernel = {
      name,
      tensors: [...this.#scope.tensors.values()],
      dims: this.#dims,
      grid: this.#grid,
      ...(this.#segments ? { segments: this.#segments } : {}),
      stores,
      folds,
    };
    nameKernel(k);
    return k;
  }

  #dim(): void {
    const name = this.#scope.in.name();
    const size = this.#scope.in.take("=") ? this.#scope.poly(true) : Poly.sym(this.#scope.symbol(name));
    this.#dims.push({ name, size });
  }

  /** statements up to "}" or "yield" */
  #body(): { stores: Store[]; folds: Fold[] } {
    const stores: Store[] = [];
    const folds: Fold[] = [];
    while (!this.#scope.in.is("}") && !this.#scope.in.is("yield")) {
      if (this.#scope.in.take("store")) stores.push(this.#store());
      else if (this.#scope.in.take("fold")) folds.push(this.#fold());
      else this.#statement();
    }
    return { stores, folds };
  }
  #statement(): void {
    const x = this.#scope.in;
    if (x.take("symbol")) for (const name of x.items(() => x.name())) this.#scope.symbol(name);
    else if (x.is("input") || x.is("output") || x.is("inout")) this.#tensor(x.next().text as Tensor["role"]);
    else if (x.take("intrinsic")) this.#intrinsic();
    else if (x.take("grid")) this.#grid = x.items(() => this.#gridAxis());
    else if (x.take("axis")) x.items(() => this.#axis());
    else if (x.take("view")) this.#view();
    else this.#definition();
  }
  #tensor(role: Tensor["role"]): void {
    const x = this.#scope.in;
    const name = x.name();
    if (this.#scope.tensors.has(name)) throw x.fail(`tensor "${name}" is declared twice; rename one of them`);
    x.expect(":");
    const dtype = this.#scope.dtype();
    x.expect("[");
    const dims = x.list("]", () => this.#scope.poly());
    const constant = x.take("constant");
    const layout = x.take("layout") ? this.#layout() : undefined;
    this.#scope.tensors.set(name, {
      name,
      dtype,
      dims,
      role,
      ...(constant ? { constant } : {}),
      ...(layout ? { layout } : {}),
    });
  }
  #intrinsic(): void {
    const x = this.#scope.in;
    const name = x.name();
    if (this.#scope.intrinsics.has(name)) throw x.fail(`intrinsic "${name}" is declared twice; rename one of them`);
    x.expect("(");
    const parameters = x.list(")", () => x.name());
    const ulps = x.take("ulps") ? { ulps: x.integer() } : {};
    const wasm = x.take("wasm") ? { wasm: this.#json(x.name()) } : {};
    const c = x.take("c") ? { c: x.name() } : {};
    const wgsl = x.take("wgsl") ? { wgsl: x.name() } : {};
    this.#scope.intrinsics.set(name, { name, parameters, ...ulps, ...wasm, ...c, ...wgsl });
  }
  #json(text: string): NonNullable<Intrinsic["wasm"]> {
    try {
      return JSON.parse(text) as NonNullable<Intrinsic["wasm"]>;
    } catch {
      throw this.#scope.in.fail(`${text} is no JSON; write the code as print() does`);
    }
  }
  #layout(): Layout {
    const x = this.#scope.in;
    x.expect("[");
    const order = x.list("]", () => x.integer());
    const block = x.take("block") ? this.#block() : undefined;
    let strides: Poly[] | undefined;
    if (x.take("strides")) {
      x.expect("[");
      strides = x.list("]", () => this.#scope.poly());
    }
    return { order, ...(block ? { block } : {}), ...(strides ? { strides } : {}) };
  }
  #block(): { dim: number; size: number } {
    const dim = this.#scope.in.integer();
    this.#scope.in.expect("by");
    return { dim, size: this.#scope.in.integer() };
  }
  #axis(): Axis {
    const x = this.#scope.in;
    const name = x.name();
    if (this.#scope.axes.has(name) || this.#scope.symbols.has(name))
      throw x.fail(`"${name}" is declared twice; rename one of them`);
    x.expect(":");
    const axis = newAxis(name, this.#scope.poly());
    this.#scope.axes.set(name, axis);
    return axis;
  }
  #gridAxis(): Axis {
    const x = this.#scope.in;
    const axis = this.#axis();
    if (!x.take("segments")) return axis;
    if (this.#segments) throw x.fail(`"${axis.name}" is the second axis in segments; a grid has one at most`);
    const offsets = this.#scope.known(this.#scope.tensors, "tensor");
    x.expect("at");
    const at = newAxis(x.name(), segmentCount(offsets));
    if (this.#scope.axes.has(at.name) || this.#scope.symbols.has(at.name))
      throw x.fail(`"${at.name}" is declared twice; rename one of them`);
    this.#scope.axes.set(at.name, at);
    this.#segments = { axis, at, offsets };
    return axis;
  }
  #view(): void {
    const x = this.#scope.in;
    const name = x.name();
    x.expect("of");
    const value = this.#expressions.typed(this.#expressions.operand(), undefined);
    x.expect("over");
    this.#scope.views.set(name, { name, value, axes: x.items(() => this.#scope.known(this.#scope.axes, "axis")) });
  }
  #definition(): void {
    const name = this.#scope.in.name();
    if (this.#scope.nodes.has(name)) throw this.#scope.in.fail(`value "${name}" is defined twice; rename one of them`);
    this.#scope.in.expect("=");
    const n = this.#expressions.typed(this.#expressions.operand(), undefined);
    // `y = x` makes no value of its own
    if (![...this.#scope.nodes.values()].includes(n)) n.name = name;
    this.#scope.nodes.set(name, n);
  }
  #store(): Store {
    const name = this.#scope.in.name();
    const tensor = this.#scope.tensors.get(name);
    if (!tensor) throw this.#scope.in.fail(`tensor "${name}" is not declared; declare it or correct the name`);
    const index = this.#scope.index();
    const combine = combines.find(c => this.#scope.in.take(c));
    if (!combine) this.#scope.in.expect("=");
    const value = this.#expressions.typed(this.#expressions.operand(), tensor.dtype);
    const when = this.#scope.in.take("when") && this.#expressions.typed(this.#expressions.operand(), "bool");
    return { tensor, index, value, ...(combine ? { combine } : {}), ...(when ? { when } : {}) };
  }

  #fold(): Fold {
    const x = this.#scope.in;
    const axis = this.#axis();
    const steps = x.take("steps");
    const cells = x.take("cells");
    const until = x.take("until") ? this.#scope.known(this.#scope.axes, "axis") : undefined;
    x.expect("(");
    const states = x.list(")", () => x.name());
    x.expect("from");
    x.expect("(");
    const init = x.list(")", () => this.#expressions.typed(this.#expressions.operand(), undefined));
    if (init.length !== states.length)
      throw x.fail(`the fold has ${states.length} states and ${init.length} initial values; make them agree`);
    const stores: Store[] = [];
    const folds: Fold[] = [];
    const flags = { ...(until ? { until } : {}), ...(cells ? { cells } : {}) } as const;
    const f: Fold = { id: nextId(), axis, steps, init, next: [], stores, folds, ...flags };
    this.#slots("state", f, states);
    x.expect("{");
    const body = this.#body();
    stores.push(...body.stores);
    folds.push(...body.folds);
    f.next = this.#yield(f);
    if (x.take("merge")) f.merge = this.#merge(f);
    x.expect("into");
    x.expect("(");
    const results = x.list(")", () => x.name());
    this.#slots("result", f, results);
    return f;
  }
  /** "yield" and what follows it, up to the end of the body */
  #yield({ init }: Fold): Node[] {
    const x = this.#scope.in;
    x.expect("yield");
    const next = x.is("}")
      ? []
      : x.items(() => this.#expressions.operand()).map((o, slot) => this.#expressions.typed(o, init[slot]?.dtype));
    if (next.length !== init.length)
      throw x.fail(`the fold has ${init.length} states and yields ${next.length} values; make them agree`);
    x.expect("}");
    return next;
  }
  #merge(f: Fold): Node[] {
    const x = this.#scope.in;
    for (const part of ["left", "right"] as const) {
      if (part === "right") x.expect("with");
      x.expect("(");
      const names = x.list(")", () => x.name());
      if (names.length !== f.init.length)
        throw x.fail(`the fold has ${f.init.length} states and its merge names ${names.length}; make them agree`);
      this.#slots("state", f, names, part);
    }
    x.expect("{");
    const { stores, folds } = this.#body();
    if (stores.length + folds.length > 0) throw x.fail("a merge neither writes nor folds; leave that to the fold");
    return this.#yield(f);
  }
  #slots(kind: "state" | "result", f: Fold, names: readonly string[], part?: Part): void {
    names.forEach((name, slot) => {
      const from = f.init[slot];
      if (name === "_" || !from) return;
      if (this.#scope.nodes.has(name))
        throw this.#scope.in.fail(`value "${name}" is defined twice; rename one of them`);
      this.#scope.nodes.set(
        name,
        node<"state" | "result">({
          ...{ kind, fold: f, slot, axes: from.axes, dtype: from.dtype, name },
          ...(part ? { part } : {}),
        }) as Node,
      );
    });
  }
}
