// The structure of a kernel as a text that does not depend on names and ids: kernels with equal keys share their code, and are called
// with each other's parameters in the order that is given here.
import type { Poly, Sym, Term } from "./poly.js";
import { printNumber } from "./print-number.js";
import type { Axis, Fold, Kernel, Materialized, Node, NodeOf, Store, Tensor } from "./tile.js";
import { axisOf, isTensor } from "./tile.js";
import type { Body } from "./walk.js";
import { rootsOfStore } from "./walk.js";

export interface Canonical {
  readonly key: string;
  /** tensors in the order in which they are used; kernels with equal keys have the same role at each place */
  readonly tensors: readonly Tensor[];
  /** dims, strides and other symbols that are fixed at run time */
  readonly symbols: readonly Sym[];
  readonly axes: readonly Axis[];
  /** names of values that do not depend on the author's */
  readonly values: ReadonlyMap<Node, string>;
}

export const canonical = (kernel: Kernel): Canonical => new Canonicalizer().kernel(kernel);
export const canonicalKey = (kernel: Kernel): string => canonical(kernel).key;

/** of canonical forms; asked again for other sizes */
const structures = new WeakMap<object, string>();
/** A short name for all kernels of one structure: FNV-1a of the key, twice with other bases, 64 bits in all. */
export function structureOf(form: Pick<Canonical, "key">): string {
  let structure = structures.get(form);
  if (structure === undefined) {
    structure = hashed(form.key);
    structures.set(form, structure);
  }
  return structure;
}
function hashed(key: string): string {
  const hash = (basis: number): string => {
    let h = basis;
    for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193);
    return (h >>> 0).toString(16).padStart(8, "0");
  };
  return hash(0x811c9dc5) + hash(0x050c5d1f);
}

class Numbering<T> {
  readonly items: T[] = [];
  readonly #of = new Map<T, number>();
  /** number of the item, and whether it is new */
  get(x: T): { readonly n: number; readonly isNew: boolean } {
    const known = this.#of.get(x);
    if (known !== undefined) return { n: known, isNew: false };
    const n = this.items.length;
    this.items.push(x);
    this.#of.set(x, n);
    return { n, isNew: true };
  }
}

class Canonicalizer {
  readonly #tensors = new Numbering<Tensor>();
  readonly #symbols = new Numbering<Sym>();
  readonly #axes = new Numbering<Axis>();
  readonly #texts = new Numbering<string>();
  readonly #nodes = new Map<Node, string>();
  readonly #folds = new Numbering<Fold>();
  readonly #lines: string[] = [];

  kernel(k: Kernel): Canonical {
    this.#lines.push(`grid ${k.grid.map(a => this.#axis(a)).join(" ")}`);
    const { segments } = k;
    if (segments)
      this.#lines.push(
        `segments ${this.#axis(segments.axis)} ${this.#axis(segments.at)} ${this.#tensor(segments.offsets)}`,
      );
    this.#body(k);
    // what nothing reads or writes is still a parameter
    for (const t of k.tensors) this.#tensor(t);
    return {
      key: this.#lines.join("\n"),
      tensors: this.#tensors.items,
      symbols: this.#symbols.items,
      axes: this.#axes.items,
      values: this.#nodes,
    };
  }
  #body(b: Body): void {
    for (const f of b.folds) this.#fold(f);
    for (const s of b.stores) this.#store(s);
  }
  #fold(f: Fold): void {
    const init = f.init.map(n => this.#node(n));
    const { n } = this.#folds.get(f);
    const until = f.until ? ` until ${this.#axis(f.until)}` : "";
    this.#lines.push(
      `fold ${n} ${this.#axis(f.axis)}${f.steps ? " steps" : ""}${f.cells ? " cells" : ""}${until} from ${init.join(" ")}`,
    );
    this.#body(f);
    this.#lines.push(`yield ${n} ${f.next.map(x => this.#node(x)).join(" ")}`);
    if (f.merge) this.#lines.push(`merge ${n} ${f.merge.map(x => this.#node(x)).join(" ")}`);
  }
  #store(s: Store): void {
    for (const n of rootsOfStore(s)) this.#node(n);
    const tensor = this.#tensor(s.tensor);
    const how = `${s.combine ?? "="}${s.when ? ` when ${this.#node(s.when)}` : ""}`;
    this.#lines.push(`store ${tensor}[${s.index.map(p => this.#poly(p)).join(",")}] ${how} ${this.#node(s.value)}`);
  }
  #tensor(t: Tensor): string {
    const { n, isNew } = this.#tensors.get(t);
    if (isNew) {
      const l = t.layout;
      const layout = l
        ? ` ${l.order.join(",")};${l.block ? `${l.block.dim}:${l.block.size}` : ""};${(l.strides ?? []).map(p => this.#poly(p)).join(",")}`
        : "";
      this.#lines.push(
        `${t.role} T${n} ${t.dtype}[${t.dims.map(p => this.#poly(p)).join(",")}]${t.constant ? "c" : ""}${layout}`,
      );
    }
    return `T${n}`;
  }
  #axis(a: Axis): string {
    const { n, isNew } = this.#axes.get(a);
    if (isNew) this.#lines.push(`axis a${n} ${this.#poly(a.extent)}`);
    return `a${n}`;
  }
  #view(m: Materialized): string {
    return this.#shared("V", `${this.#node(m.value)} ${m.axes.map(a => this.#axis(a)).join(" ")}`);
  }
  #node(x: Node): string {
    let name = this.#nodes.get(x);
    if (name === undefined) {
      name = this.#shared("n", `${x.dtype} ${this.#expression(x)}`);
      this.#nodes.set(x, name);
    }
    return name;
  }
  /** Equal expressions are one, whether the kernel shares their nodes or not. */
  #shared(kind: "n" | "V", text: string): string {
    const { n, isNew } = this.#texts.get(`${kind} ${text}`);
    if (isNew) this.#lines.push(`${kind}${n} ${text}`);
    return `${kind}${n}`;
  }
  #expression(x: Node): string {
    switch (x.kind) {
      case "full":
        return `full ${printNumber(x.value)} ${x.axes.map(a => this.#axis(a)).join(" ")}`;
      case "index":
        return `index ${this.#poly(x.index)}`;
      case "load": {
        const from = isTensor(x.tensor) ? this.#tensor(x.tensor) : this.#view(x.tensor);
        return `load ${from}[${x.index.map(p => this.#poly(p)).join(",")}] ${printNumber(x.fill)}`;
      }
      case "map":
        return `${x.op} ${x.args.map(a => this.#node(a)).join(" ")}`;
      case "call":
        return `call ${x.fn} ${x.args.map(a => this.#node(a)).join(" ")}${this.#intrinsic(x)}`;
      case "reduce":
        return `reduce ${x.op} ${x.args.map(a => this.#node(a)).join(" ")} over ${x.over.map(a => this.#axis(a)).join(" ")}`;
      case "state":
        return `state ${this.#folds.get(x.fold).n} ${x.slot}${x.part ? ` ${x.part}` : ""}`;
      case "result":
        return `result ${this.#folds.get(x.fold).n} ${x.slot}`;
    }
  }
  #intrinsic({ intrinsic, meaning }: NodeOf<"call">): string {
    if (!intrinsic) return "";
    const { wasm, c, wgsl } = intrinsic;
    return ` by ${JSON.stringify([intrinsic.parameters, wasm, c, wgsl])}${meaning ? ` means ${this.#node(meaning)}` : ""}`;
  }
  /** terms in an order that numbering alone decides */
  #poly(p: Poly): string {
    if (p.terms.length === 1) return this.#term(p.terms[0]!);
    const terms = p.terms.map(t => this.#term(t));
    return terms.sort().join("+");
  }
  #term({ c, s }: Term): string {
    if (s.length === 1) return `${c}*${this.#symbol(s[0]!)}`;
    const symbols = s.map(x => this.#symbol(x));
    return `${c}*${symbols.sort().join("*")}`;
  }
  #symbol(s: Sym): string {
    if (s.def?.op === "value") return `@${this.#node(s.def.node as Node)}`;
    if (s.def) {
      const args = [this.#poly(s.def.a), this.#poly(s.def.b)];
      // min and max are symmetric; their order in a definition depends on ids
      if (s.def.op === "min" || s.def.op === "max") args.sort();
      return `${s.def.op}(${args.join(",")})`;
    }
    const axis = axisOf(s);
    return axis ? this.#axis(axis) : `s${this.#symbols.get(s).n}`;
  }
}
