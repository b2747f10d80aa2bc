// Tile IR as text that people read and edit; parse.ts reads it back. One statement a line; literals, indices and loads that are used
// once stand where they are used. Source positions are not part of it.
import type { Dtype } from "./dtypes.js";
import { dtypes, is64BitInteger } from "./dtypes.js";
import type { Intrinsic } from "./intrinsic.js";
import { isInline, isMadeName, uniqueName } from "./names.js";
import type { Poly, Sym } from "./poly.js";
import { printNumber } from "./print-number.js";
import type { Axis, Fold, Kernel, Layout, Node, NodeOf, Part, Store, Tensor } from "./tile.js";
import { axisOf, children, isTensor, reach } from "./tile.js";
import type { Body } from "./walk.js";
import {
  axesOfKernel,
  bareSymbol,
  foldsOf,
  freeSymbols,
  indicesOf,
  mergeNodes,
  nodesOf,
  rootsOfStore,
  scopesOf,
  storesOf,
} from "./walk.js";

/** A kernel as text: tile IR, one statement a line. `parse` reads it back. */
export function print(kernel: Kernel): string {
  return new Printer(kernel).kernel();
}
/** The lines of the text, each with the file:line of the author that made it, where one is known. */
export function printWithSources(kernel: Kernel): readonly { readonly text: string; readonly source?: string }[] {
  const printer = new Printer(kernel, true);
  const lines = printer.kernel().trimEnd().split("\n");
  return lines.map((text, i) => ({ text, ...(printer.sources[i] ? { source: printer.sources[i] } : {}) }));
}

/** words with a meaning of their own; as names they stand in quotes */
const keywords = new Set([
  ...["kernel", "symbol", "input", "output", "inout", "constant", "layout", "grid", "axis", "fold", "yield", "store"],
  ...[
    "view",
    "over",
    "as",
    "else",
    "from",
    "into",
    "until",
    "when",
    "merge",
    "with",
    "intrinsic",
    "means",
    "steps",
    "of",
    "full",
    "inf",
    "nan",
    "true",
    "false",
    "_",
  ],
]);
/** a name as it is if it is a word, else in quotes; a value called like a dtype would read as a literal of it */
export const word = (name: string): string => (name in dtypes ? JSON.stringify(name) : sizeWord(name));
/** the same for an axis or a dim, which stand where no dtype can */
const sizeWord = (name: string): string =>
  /^[A-Za-z_][\w.]*$/.test(name) && !keywords.has(name) ? name : JSON.stringify(name);

/** What the text calls the sizes of a kernel: dims first, so that they keep their names. Axes have names of the same kind. */
export function symbolNames(k: Kernel): Map<Sym, string> {
  const axes = axesOfKernel(k);
  const taken = new Set(axes.map(a => a.name));
  const names = new Map<Sym, string>();
  for (const d of k.dims) {
    const s = bareSymbol(d.size);
    if (!s || names.has(s) || taken.has(d.name)) continue;
    names.set(s, d.name);
    taken.add(d.name);
  }
  const polynomials = [
    ...k.dims.map(d => d.size),
    ...k.tensors.flatMap(t => [...t.dims, ...(t.layout?.strides ?? [])]),
    ...axes.map(a => a.extent),
    ...[...nodesOf(k), ...mergeNodes(k)].flatMap(indicesOf),
    ...storesOf(k).flatMap(s => s.index),
  ];
  for (const p of polynomials)
    for (const s of freeSymbols(p)) if (!names.has(s)) names.set(s, uniqueName(s.name, taken));
  return names;
}

const isPart = (n: Node, f: Fold): boolean => n.kind === "state" && n.fold === f && n.part !== undefined;

class Printer {
  readonly #kernel: Kernel;
  readonly #withSources: boolean;
  readonly #nodes: readonly Node[];
  readonly #scopes: ReadonlyMap<Node, Fold | undefined>;
  readonly #uses = new Map<Node, number>();
  readonly #symbols: ReadonlyMap<Sym, string>;
  readonly #ranks = new Map<Sym, number>();
  readonly #printed = new Set<object>();
  readonly #lines: string[] = [];
  /** by line */
  readonly sources: (string | undefined)[] = [];
  #indent = "  ";

  constructor(kernel: Kernel, withSources = false) {
    this.#kernel = kernel;
    this.#withSources = withSources;
    this.#nodes = [...new Set([...nodesOf(kernel), ...mergeNodes(kernel)])];
    this.#scopes = scopesOf(kernel);
    this.#countUses();
    this.#symbols = symbolNames(kernel);
  }
  #countUses(): void {
    const use = (n: Node, weight = 1): void => {
      this.#uses.set(n, (this.#uses.get(n) ?? 0) + weight);
    };
    for (const n of this.#nodes) {
      if (n.kind !== "load" && n.kind !== "index") for (const c of children(n)) use(c);
      // gathered indices and materialised values are referred to by name
      else for (const c of children(n)) use(c, 2);
      if (n.kind === "call" && n.meaning) use(n.meaning, 2);
    }
    for (const s of storesOf(this.#kernel)) {
      use(s.value);
      for (const g of rootsOfStore(s).slice(0, -1)) use(g, 2);
    }
    for (const f of foldsOf(this.#kernel)) for (const n of [...f.init, ...f.next, ...(f.merge ?? [])]) use(n, 2);
  }

  kernel(): string {
    const k = this.#kernel;
    const dimSymbols = new Set(k.dims.map(d => bareSymbol(d.size)).filter(s => s && this.#isDimName(s)));
    const others = [...this.#symbols].filter(([s]) => !dimSymbols.has(s)).map(([, name]) => sizeWord(name));
    const dims = k.dims.map(d =>
      this.#symbols.get(bareSymbol(d.size)!) === d.name
        ? sizeWord(d.name)
        : `${sizeWord(d.name)} = ${this.poly(d.size)}`,
    );
    this.#lines.push(`kernel ${word(k.name)}(${dims.join(", ")}) {`);
    for (const i of this.#intrinsics()) this.#line(this.#intrinsic(i));
    if (others.length > 0) this.#line(`symbol ${others.join(", ")}`);
    for (const t of k.tensors) this.#line(this.#tensor(t));
    const bound = new Set<Axis>([...k.grid, ...foldsOf(k).map(f => f.axis)]);
    if (k.segments) bound.add(k.segments.at);
    const free = axesOfKernel(k).filter(a => !bound.has(a));
    if (k.grid.length > 0) this.#line(`grid ${k.grid.map(a => this.#gridAxis(a)).join(", ")}`);
    if (free.length > 0) this.#line(`axis ${free.map(a => this.#axis(a)).join(", ")}`);
    this.#body(k);
    this.#lines.push("}");
    return `${this.#lines.join("\n")}\n`;
  }
  #intrinsics(): readonly Intrinsic[] {
    const calls = this.#nodes.filter((n): n is NodeOf<"call"> => n.kind === "call");
    return [...new Map(calls.flatMap(n => (n.intrinsic ? [[n.fn, n.intrinsic] as const] : []))).values()];
  }
  #intrinsic({ name, parameters, ulps, wasm, c, wgsl }: Intrinsic): string {
    const code = [
      ulps === undefined ? "" : ` ulps ${ulps}`,
      wasm ? ` wasm ${JSON.stringify(JSON.stringify(wasm))}` : "",
      c === undefined ? "" : ` c ${JSON.stringify(c)}`,
      wgsl === undefined ? "" : ` wgsl ${JSON.stringify(wgsl)}`,
    ];
    return `intrinsic ${word(name)}(${parameters.join(", ")})${code.join("")}`;
  }
  #isDimName(s: Sym): boolean {
    return this.#kernel.dims.some(d => bareSymbol(d.size) === s && d.name === this.#symbols.get(s));
  }
  #line(text: string, made: { readonly source?: string } = {}): void {
    // asking a node for its source costs
    if (this.#withSources) this.sources[this.#lines.length] = made.source;
    this.#lines.push(this.#indent + text);
  }
  #axis(a: Axis): string {
    return `${sizeWord(a.name)}: ${this.poly(a.extent)}`;
  }
  #gridAxis(a: Axis): string {
    const { segments } = this.#kernel;
    if (segments?.axis !== a) return this.#axis(a);
    return `${this.#axis(a)} segments ${word(segments.offsets.name)} at ${sizeWord(segments.at.name)}`;
  }
  #tensor(t: Tensor): string {
    const layout = t.layout ? ` ${this.#layout(t.layout)}` : "";
    return `${t.role} ${word(t.name)}: ${t.dtype}[${t.dims.map(d => this.poly(d)).join(", ")}]${t.constant ? " constant" : ""}${layout}`;
  }
  #layout(l: Layout): string {
    const block = l.block ? ` block ${l.block.dim} by ${l.block.size}` : "";
    const strides = l.strides ? ` strides [${l.strides.map(s => this.poly(s)).join(", ")}]` : "";
    return `layout [${l.order.join(", ")}]${block}${strides}`;
  }

  #body(b: Body): void {
    for (const f of b.folds) this.#fold(f);
    for (const s of b.stores) this.#store(s);
  }
  #fold(f: Fold): void {
    f.init.forEach(n => this.#demand(n));
    // what the body uses from around it comes before it
    for (const n of nodesOf({ folds: [f], stores: [] })) if (!this.#isInside(n, f)) this.#demand(n);
    for (const n of reach(f.merge ?? [])) if (!reach([n]).some(x => isPart(x, f))) this.#demand(n);
    const slot = (kind: "state" | "result", k: number, part?: Part): string => {
      const n = this.#nodes.find(
        x => x.kind === kind && x.fold === f && x.slot === k && (x.kind === "result" || x.part === part),
      );
      return n ? word(n.name) : "_";
    };
    const slots = (kind: "state" | "result", part?: Part): string =>
      f.init.map((_, k) => slot(kind, k, part)).join(", ");
    const from = f.init.map(n => this.#operand(n)).join(", ");
    const until = f.until ? ` until ${sizeWord(f.until.name)}` : "";
    this.#line(
      `fold ${this.#axis(f.axis)}${f.steps ? " steps" : ""}${f.cells ? " cells" : ""}${until} (${slots("state")}) from (${from}) {`,
    );
    const outer = this.#indent;
    this.#indent += "  ";
    this.#body(f);
    f.next.forEach(n => this.#demand(n));
    this.#line(`yield ${f.next.map(n => this.#operand(n)).join(", ")}`);
    this.#indent = outer;
    if (f.merge) {
      this.#line(`} merge (${slots("state", "left")}) with (${slots("state", "right")}) {`);
      this.#indent += "  ";
      f.merge.forEach(n => this.#demand(n));
      this.#line(`yield ${f.merge.map(n => this.#operand(n)).join(", ")}`);
      this.#indent = outer;
    }
    this.#line(`} into (${slots("result")})`);
  }
  #isInside(n: Node, f: Fold): boolean {
    const inner = new Set([f, ...foldsOf(f)]);
    const scope = this.#scopes.get(n);
    return scope !== undefined && inner.has(scope);
  }
  #store(s: Store): void {
    rootsOfStore(s).forEach(n => this.#demand(n));
    const when = s.when ? ` when ${this.#operand(s.when)}` : "";
    const value = this.#operand(s.value, s.tensor.dtype);
    this.#line(`store ${word(s.tensor.name)}${this.#index(s.index)} ${s.combine ?? "="} ${value}${when}`, s);
  }
  /** prints what the node needs, then the node, unless it stands where it is used */
  #demand(n: Node): void {
    if (this.#printed.has(n)) return;
    this.#printed.add(n);
    children(n).forEach(c => this.#demand(c));
    if (n.kind === "load" && !isTensor(n.tensor) && !this.#printed.has(n.tensor)) {
      this.#printed.add(n.tensor);
      const { name, value, axes } = n.tensor;
      this.#line(
        `view ${word(name)} of ${this.#operand(value)} over ${axes.map(a => sizeWord(a.name)).join(", ")}`,
        value,
      );
    }
    if (n.kind === "state" || n.kind === "result" || this.#standsInline(n)) return;
    this.#line(`${word(n.name)} = ${this.#expression(n)}`, n);
  }
  #standsInline(n: Node): boolean {
    return isInline(n) || (n.kind === "load" && (this.#uses.get(n) ?? 0) <= 1 && isMadeName(n));
  }
  /** `dtype`: what a literal would adopt here */
  #operand(n: Node, dtype?: Dtype): string {
    if (n.kind === "full" && isInline(n))
      return n.dtype === dtype ? this.#literal(n) : `${n.dtype} ${this.#literal(n)}`;
    return this.#standsInline(n) ? this.#expression(n) : word(n.name);
  }
  #literal(n: NodeOf<"full">): string {
    return n.dtype === "bool" ? (n.value ? "true" : "false") : printNumber(n.value);
  }
  #expression(n: Node): string {
    switch (n.kind) {
      case "full":
        return `full ${n.dtype} ${this.#literal(n)}${n.axes.length ? ` over ${n.axes.map(a => sizeWord(a.name)).join(", ")}` : ""}`;
      case "index":
        return `${n.dtype === "i64" ? "i64 " : ""}[${this.poly(n.index)}]`;
      case "load": {
        const zero = is64BitInteger(n.dtype) ? 0n : 0;
        return `${word(n.tensor.name)}${this.#index(n.index)}${Object.is(n.fill, zero) ? "" : ` else ${printNumber(n.fill)}`}`;
      }
      case "map":
        return this.#map(n);
      case "call":
        return `${n.intrinsic ? word(n.fn) : n.fn}(${this.#operands(n.args)})${n.meaning ? ` means ${this.#operand(n.meaning)}` : ""}`;
      case "reduce": {
        const op = n.args.length === 2 && n.op === "sum" ? "dot" : n.op;
        const over = n.over.length ? ` over ${n.over.map(a => sizeWord(a.name)).join(", ")}` : "";
        return `${op}(${n.args.map(a => this.#operand(a)).join(", ")})${over} as ${n.dtype}`;
      }
      default:
        return word(n.name);
    }
  }
  #map(n: NodeOf<"map">): string {
    if (n.op === "cast" || n.op === "bitcast") return `${n.op}(${this.#operand(n.args[0]!)}, ${n.dtype})`;
    if (n.op !== "select") return `${n.op}(${this.#operands(n.args)})`;
    return `select(${this.#operand(n.args[0]!)}, ${this.#operands(n.args.slice(1))})`;
  }
  /** operands of one dtype: literals adopt that of another operand, if there is one that has its own */
  #operands(args: readonly Node[]): string {
    const typed = args.some(a => !(a.kind === "full" && isInline(a)));
    return args.map(a => this.#operand(a, typed ? a.dtype : undefined)).join(", ");
  }
  #index(index: readonly Poly[]): string {
    return `[${index.map(p => this.poly(p)).join(", ")}]`;
  }

  poly(p: Poly): string {
    if (p.isZero) return "0";
    let text = "";
    const terms = p.terms.map(t => ({ c: t.c, s: [...t.s].sort((a, b) => this.#rankOf(a) - this.#rankOf(b)) }));
    for (const t of terms.sort((a, b) => this.#compare(a.s, b.s))) {
      const factors = t.s.map(s => this.#symbol(s));
      const size = Math.abs(t.c);
      const product = size === 1 && factors.length ? factors.join("*") : [size, ...factors].join("*");
      if (text === "") text = t.c < 0 ? `-${product}` : product;
      else text += t.c < 0 ? ` - ${product}` : ` + ${product}`;
    }
    return text;
  }
  /** symbols in the order in which the text declares them, definitions last: the order does not depend on ids */
  #rankOf(s: Sym): number {
    if (this.#ranks.size === 0) {
      for (const x of this.#symbols.keys()) this.#ranks.set(x, this.#ranks.size);
      for (const a of axesOfKernel(this.#kernel)) this.#ranks.set(a.sym, this.#ranks.size);
    }
    return this.#ranks.get(s) ?? this.#ranks.size;
  }
  /** the constant last: m - 1, not -1 + m */
  #compare(a: readonly Sym[], b: readonly Sym[]): number {
    if (a.length === 0 || b.length === 0) return b.length - a.length;
    for (let k = 0; k < Math.min(a.length, b.length); k++) {
      const byRank = this.#rankOf(a[k]!) - this.#rankOf(b[k]!);
      if (byRank !== 0) return byRank;
      const [x, y] = [this.#symbol(a[k]!), this.#symbol(b[k]!)];
      if (x !== y) return x < y ? -1 : 1;
    }
    return a.length - b.length;
  }
  #symbol(s: Sym): string {
    if (s.def?.op === "value") return `@${word((s.def.node as Node).name)}`;
    if (s.def) return `${s.def.op}(${this.poly(s.def.a)}, ${this.poly(s.def.b)})`;
    return sizeWord(axisOf(s)?.name ?? this.#symbols.get(s)!);
  }
}
