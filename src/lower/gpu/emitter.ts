// The text of one shader while it is written: nested blocks, values remembered in the outermost block that knows what they depend on,
// parameters, functions of the library, and integers: polynomials whose parts without axes are computed by the host.
import { boundOf, isNonNegative } from "../../ir/bounds.js";
import { Poly, type Sym } from "../../ir/poly.js";
import { type Axis, axisOf, type Node } from "../../ir/tile.js";
import type { Parameter } from "./lowered.js";

export class Block {
  readonly lines: string[] = [];
  readonly memo = new Map<string, string>();
  readonly parent: Block | undefined;
  readonly depth: number;
  constructor(parent?: Block) {
    this.parent = parent;
    this.depth = parent ? parent.depth + 1 : 0;
  }
}
interface Bound {
  readonly name: string;
  readonly block: Block;
}

export class Emitter {
  readonly root = new Block();
  block = this.root;
  readonly parameters: Parameter[] = [];
  readonly #parameterNames = new Map<string, string>();
  readonly #library = new Set<string>();
  readonly #axes = new Map<Axis, Bound>();
  #names = 0;
  #variant = "";
  /** the value of a gathered index, as i32, and the block that knows it */
  gather: (n: Node) => Bound = () => {
    throw new Error("a gathered index has no value here");
  };

  readonly use = (name: string): string => {
    this.#library.add(name);
    return name;
  };
  get library(): ReadonlySet<string> {
    return this.#library;
  }
  name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }
  line(text: string): void {
    this.block.lines.push(text);
  }
  /** Names a value in the current block. */
  let(prefix: string, text: string): string {
    if (/^\w+$/.test(text)) return text;
    const name = this.name(prefix);
    this.line(`let ${name} = ${text};`);
    return name;
  }
  within<T>(block: Block, f: () => T): T {
    const before = this.block;
    this.block = block;
    try {
      return f();
    } finally {
      this.block = before;
    }
  }
  /** A block inside of the current one, with its head (`for (…)`, `if (…)`). */
  nest(head: string, body: () => void): void {
    const outer = this.block;
    const inner = new Block(outer);
    this.within(inner, body);
    outer.lines.push(`${head} {`, ...inner.lines.map(l => `  ${l}`), "}");
  }
  /** What is remembered of values that vary is remembered for `variant`: the same axes are bound several times in one block. */
  vary(variant: string, body: () => void): void {
    const before = this.#variant;
    this.#variant = `${before} ${variant}`;
    try {
      body();
    } finally {
      this.#variant = before;
    }
  }
  get variant(): string {
    return this.#variant;
  }
  deeper(a: Block, b: Block): Block {
    return a.depth >= b.depth ? a : b;
  }

  // ---- axes
  withAxis<T>(a: Axis, name: string, f: () => T, block = this.block): T {
    const before = this.#axes.get(a);
    this.#axes.set(a, { name, block });
    try {
      return f();
    } finally {
      if (before) this.#axes.set(a, before);
      else this.#axes.delete(a);
    }
  }
  axis(a: Axis): Bound {
    const bound = this.#axes.get(a);
    if (!bound) throw new Error(`axis ${a.name} is not bound`);
    return bound;
  }
  isBound(a: Axis): boolean {
    return this.#axes.has(a);
  }
  /** for (axis of its extent), or of a part of it */
  loop(a: Axis, body: () => void, part?: { readonly from: Poly; readonly to: Poly }): void {
    const name = this.name("x");
    const [from, to] = part ? [this.int(part.from), this.int(part.to)] : ["0i", this.size(a.extent)];
    this.nest(`for (var ${name} = ${from}; ${name} < ${to}; ${name}++)`, () => this.withAxis(a, name, body));
  }

  // ---- integers
  /** A polynomial without axes: a literal or a parameter. */
  size(p: Poly): string {
    // WGSL reads -2147483648i as the negative of a number that is too large
    if (p.isConst && p.constant === -(2 ** 31)) return "i32(-2147483648)";
    if (p.isConst) return p.constant < 0 ? `(${p.constant}i)` : `${p.constant}i`;
    return this.#parameter(p.key, { kind: "size", value: p });
  }
  /** An f32 that the compiler can't compute with: WGSL lets it reorder sums, and (x + c) - c, which rounds, would become x. */
  opaque(value: number): string {
    const view = new DataView(new ArrayBuffer(4));
    view.setFloat32(0, value);
    return `bitcast<f32>(${this.#parameter(`bits ${value}`, { kind: "bits", bits: view.getInt32(0) })})`;
  }
  base(tensor: string): string {
    return this.#parameter(`base ${tensor}`, { kind: "base", tensor });
  }
  #parameter(key: string, parameter: Parameter): string {
    let name = this.#parameterNames.get(key);
    if (!name) {
      const at = this.parameters.length;
      name = `p${at}`;
      this.parameters.push(parameter);
      this.#parameterNames.set(key, name);
    }
    return name;
  }
  /** The block that knows all that the polynomial varies with. */
  homeOf(p: Poly): Block {
    let home = this.root;
    for (const s of p.syms) {
      const axis = axisOf(s);
      if (axis) home = this.deeper(home, this.axis(axis).block);
      else if (s.def?.op === "value") home = this.deeper(home, this.gather(s.def.node as Node).block);
    }
    return home;
  }
  /** An index as an i32 expression; what is more than a name is named in its home. */
  int(p: Poly): string {
    if (!varies(p)) return this.size(p);
    const home = this.homeOf(p);
    const key = `int ${p.key}${this.#variant}`;
    const known = home.memo.get(key);
    if (known) return known;
    const name = this.within(home, () => this.let("n", this.#sum(p)));
    home.memo.set(key, name);
    return name;
  }
  #sum(p: Poly): string {
    // coefficients of equal products of what varies are one parameter
    const parts = new Map<string, { readonly factors: readonly Sym[]; coefficient: Poly }>();
    for (const t of p.terms) {
      const factors = t.s.filter(symVaries);
      const rest = Poly.term(
        t.c,
        t.s.filter(s => !symVaries(s)),
      );
      const key = factors.map(s => s.id).join();
      const part = parts.get(key) ?? { factors, coefficient: Poly.zero };
      part.coefficient = part.coefficient.add(rest);
      parts.set(key, part);
    }
    const texts = [...parts.values()].map(({ factors, coefficient }) => {
      const names = factors.map(s => this.#symbol(s));
      if (names.length === 0) return this.size(coefficient);
      const product = names.join(" * ");
      return coefficient.equals(1) ? product : `${this.size(coefficient)} * ${product}`;
    });
    return texts.length === 1 ? texts[0]! : `(${texts.join(" + ")})`;
  }
  #symbol(s: Sym): string {
    const axis = axisOf(s);
    if (axis) return this.axis(axis).name;
    if (!s.def) return this.size(Poly.sym(s));
    if (s.def.op === "value") return this.gather(s.def.node as Node).name;
    const [a, b] = [this.int(s.def.a), this.int(s.def.b)];
    switch (s.def.op) {
      case "min":
      case "max":
        return `${s.def.op}(${a}, ${b})`;
      default: {
        const low = boundOf(s.def.a, "low");
        // never negative: the machine's division is floor division, and of unsigned numbers the cheaper one. A dim may be 0, which it takes for 1
        if (low && isNonNegative(low)) {
          const [x, y] = [`u32(${a})`, `u32(${b})`];
          if (s.def.op === "mod") return `i32(${x} % ${y})`;
          return `i32(${s.def.b.isConst ? `${x} / ${y}` : `${this.use("divU32")}(${x}, ${y})`})`;
        }
        return `${this.use(s.def.op === "div" ? "floorDiv" : "floorRem")}(${a}, ${b})`;
      }
    }
  }
}

function symVaries(s: Sym): boolean {
  if (axisOf(s)) return true;
  if (!s.def) return false;
  if (s.def.op === "value") return true;
  return varies(s.def.a) || varies(s.def.b);
}
export const varies = (p: Poly): boolean => p.terms.some(t => t.s.some(symVaries));
