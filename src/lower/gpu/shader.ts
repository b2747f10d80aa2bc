// One invocation's program: the values of tile IR as WGSL text. Every value is computed where all that it varies with is known, once;
// reductions and folds are loops; states that have axes of their own lie in scratch memory. Any kernel has this form, whatever its sizes:
// forms in which invocations work together are refinements of it.
import { isInside } from "../../ir/bounds.js";
import { bytesOf, isFloat } from "../../ir/dtypes.js";
import { type Intrinsic, templateParts } from "../../ir/intrinsic.js";
import { Poly, type Sym } from "../../ir/poly.js";
import {
  type Axis,
  type Fold,
  gathersIn,
  isTensor,
  type Kernel,
  type Materialized,
  type Node,
  type NodeOf,
  reach,
  reachCells,
  type Store,
  type Tensor,
} from "../../ir/tile.js";
import { axesOfStore, bareSymbol, foldsOf, rootsOfStore } from "../../ir/walk.js";
import { bodyOf } from "../../tile/functions.js";
import { AzulejoError, invariant } from "../../support/errors.js";
import { type Block, Emitter } from "./emitter.js";
import { cast, combined, identity, literal, mapText, product, rounded } from "./maps.js";
import {
  halvesText,
  type Memory,
  quadElement,
  quadType,
  readText,
  readVector,
  stridesOf,
  writeLines,
  writeVector,
} from "./memory.js";
import type { TensorLoad } from "./vectors.js";
import { bindDigits } from "./digits.js";
import { type Need, Needs } from "./needs.js";
import { fromWord, type Register, registerOf, toWord, wgslType, wordsOf } from "./registers.js";

/** A state of a fold: a variable, or words of scratch memory over the axes that the invocation has no index of. */
interface State {
  readonly variable?: string;
  readonly axes: readonly Axis[];
  readonly offset: Poly;
}
interface FoldState {
  readonly states: readonly State[];
  /** where the states, or the results, are known */
  block: Block;
}
/** Indices of a fold. */
export interface Range {
  readonly fold: Fold;
  readonly from: Poly;
  readonly to: Poly;
}
export class Shader {
  readonly e = new Emitter();
  readonly kernel: Kernel;
  readonly memories: ReadonlyMap<Tensor, Memory>;
  readonly written: ReadonlySet<Tensor>;
  scratchWords = Poly.zero;
  packedDots = false;
  /** do they join what they have by operations of subgroups? */
  subgroups = false;
  /** invocations of a workgroup that take turns along what is reduced; undefined: each reduces by itself */
  lanes: number | undefined;
  readonly #partials = new Set<Register>();
  fails = false;
  /** symbols that are multiples of four */
  multiples: ReadonlySet<Sym> = new Set();
  /** of a fold of which there is only a part to walk */
  range: Range | undefined;
  readonly #needs: Needs;
  readonly #folds = new Map<Fold, FoldState>();
  readonly #foldAxes: ReadonlySet<Axis>;
  readonly #bodies = new Map<Node, Node>();
  #epoch = 0;

  /** `tiled`: a fold whose text is not this class's; its axis is one like others then */
  constructor(kernel: Kernel, memories: ReadonlyMap<Tensor, Memory>, written: ReadonlySet<Tensor>, tiled?: Fold) {
    this.kernel = kernel;
    this.memories = memories;
    this.written = written;
    this.#foldAxes = new Set(foldsOf(kernel).flatMap(f => (f === tiled ? [] : [f.axis])));
    this.#needs = new Needs(this.#foldAxes, written);
    this.e.gather = n => this.#gather(n);
  }

  // ---- where values are known
  /** The outermost block that knows the value, and whether a write may change it. */
  #homeOf(n: Node): { readonly block: Block; readonly volatile: boolean } {
    let block = this.e.root;
    let volatile = false;
    for (const x of this.#needs.of(n)) {
      if ("role" in x) volatile = true;
      else if ("init" in x) block = this.e.deeper(block, this.#foldState(x).block);
      else block = this.e.deeper(block, this.e.axis(x).block);
    }
    return { block, volatile };
  }
  #foldState(f: Fold): FoldState {
    const known = this.#folds.get(f);
    invariant(known, `a fold of kernel "${this.kernel.name}" is read outside of its scope`);
    return known;
  }

  // ---- values
  value(n: Node): string {
    if (n.kind === "full") return literal(this.e.use, n.dtype, n.value);
    const { block, volatile } = this.#homeOf(n);
    const key = (volatile ? `w${this.#epoch} ${n.id}` : `v${n.id}`) + this.e.variant;
    if (volatile) {
      for (let b: Block | undefined = this.e.block; b && b.depth >= block.depth; b = b.parent) {
        const known = b.memo.get(key);
        if (known) return known;
      }
    }
    const home = volatile ? this.e.block : block;
    const known = home.memo.get(key);
    if (known) return known;
    const name = this.e.within(home, () => this.e.let("v", this.#compute(n)));
    home.memo.set(key, name);
    return name;
  }
  /** The value is known here, in the block that binds the last of its axes. */
  assume(n: Node, text: string): void {
    this.e.block.memo.set(`v${n.id}${this.e.variant}`, this.e.let("v", text));
  }
  /** States and results of the fold are known from this block on, each by assume(). */
  placeFold(f: Fold): void {
    this.#folds.set(f, { states: [], block: this.e.block });
  }
  #gather(n: Node): { name: string; block: Block } {
    const { block, volatile } = this.#homeOf(n);
    const value = this.value(n);
    const at = volatile ? this.e.block : block;
    if (registerOf(n.dtype) === "i32") return { name: value, block: at };
    const key = `g${value}`;
    let name = at.memo.get(key);
    if (!name) {
      const text = registerOf(n.dtype) === "wide" ? `${this.e.use("wideIndex")}(${value})` : `i32(${value})`;
      name = this.e.within(at, () => this.e.let("n", text));
      at.memo.set(key, name);
    }
    return { name, block: at };
  }
  #compute(n: Exclude<Node, NodeOf<"full">>): string {
    const { use } = this.e;
    switch (n.kind) {
      case "index": {
        const index = this.e.int(n.index);
        return registerOf(n.dtype) === "wide" ? `${use("wideFromI32")}(${index})` : index;
      }
      case "load":
        return isTensor(n.tensor) ? this.#loadTensor(n, n.tensor) : this.#loadView(n, n.tensor);
      case "map":
        return mapText(
          use,
          n.op,
          n.args.at(-1)!.dtype,
          n.dtype,
          n.args.map(a => (isOpaque(n, a) ? this.e.opaque(Number(a.value)) : this.value(a))),
        );
      case "call":
        return n.intrinsic && !n.meaning ? this.#intrinsic(n, n.intrinsic) : this.#call(n);
      case "reduce":
        return this.#reduce(n);
      case "state":
        return this.#slot(n);
      case "result":
        return n.fold.cells ? this.#cells(n) : this.#slot(n);
    }
  }
  #intrinsic(n: NodeOf<"call">, { name, wgsl, parameters }: Intrinsic): string {
    const parts = templateParts(wgsl!, parameters);
    invariant(parts, `the WGSL of intrinsic "${name}" was not verified`);
    return `(${parts.map(x => (typeof x === "number" ? `(${this.value(n.args[x]!)})` : x)).join("")})`;
  }
  #call(n: NodeOf<"call">): string {
    // bodies in the language, not WGSL's own functions: those may be wrong by 2·|x| units (exp), or by 2^-11 (sin)
    let body = this.#bodies.get(n);
    if (!body) {
      body = n.meaning ?? bodyOf(n, { hasF64: false });
      this.#bodies.set(n, body);
    }
    return this.value(body);
  }
  #reduce(n: NodeOf<"reduce">): string {
    const { e } = this;
    const acc = e.name("a");
    e.line(`var ${acc} = ${identity(e.use, n.op, n.dtype)};`);
    const step = (): void => {
      const [a, b] = n.args.map(x => cast(e.use, x.dtype, this.#accumulated(n, x), this.value(x)));
      const term = b === undefined ? a! : e.let("v", product(e.use, n, a!, b, this.packedDots));
      e.line(`${acc} = ${combined(e.use, n.op, n.dtype, acc, term)};`);
    };
    const over = n.over.filter(a => !this.#foldAxes.has(a));
    if (this.lanes === undefined) {
      this.#overAxes(over, step);
      return acc;
    }
    this.taking(over, step);
    return this.#joined(n, acc, this.lanes);
  }
  /** Invocations of the workgroup take turns along the axes. */
  taking(axes: readonly Axis[], body: () => void): void {
    const { e } = this;
    const at = e.name("t");
    const count = e.size(Poly.product(axes.map(a => a.extent)));
    e.nest(`for (var ${at} = i32(local); ${at} < ${count}; ${at} += ${this.lanes}i)`, () =>
      bindDigits(e, axes, at, body),
    );
  }
  /** What all invocations of the workgroup have, joined by a tree; each gets it. */
  #joined(n: NodeOf<"reduce">, acc: string, lanes: number): string {
    const { e } = this;
    const register = registerOf(n.dtype);
    this.#partials.add(register);
    const memory = `${register}Partials`;
    if (this.subgroups) return this.#joinedBySubgroups(n, acc, lanes, memory);
    const half = e.name("half");
    e.line(`${memory}[local] = ${acc};`);
    e.line("workgroupBarrier();");
    e.nest(`for (var ${half} = ${lanes / 2}u; ${half} > 0u; ${half} >>= 1u)`, () => {
      e.nest(`if (local < ${half})`, () => {
        const [a, b] = [e.let("a", `${memory}[local]`), e.let("b", `${memory}[local + ${half}]`)];
        e.line(`${memory}[local] = ${combined(e.use, n.op, n.dtype, a, b)};`);
      });
      e.line("workgroupBarrier();");
    });
    const all = e.let("r", `${memory}[0]`);
    // before another reduction writes there
    e.line("workgroupBarrier();");
    return all;
  }
  /**
   * Each subgroup joins what it has, one of its invocations writes that down, and each subgroup joins all of these. Which invocations are a
   * subgroup does not matter: WGSL does not say.
   */
  #joinedBySubgroups(n: NodeOf<"reduce">, acc: string, lanes: number, memory: string): string {
    const { e } = this;
    const start = identity(e.use, n.op, n.dtype);
    const join = (name: string): void => {
      const mask = e.name("mask");
      e.nest(`for (var ${mask} = 1u; ${mask} < subgroupSize; ${mask} <<= 1u)`, () => {
        const other = e.let("other", `subgroupShuffleXor(${name}, ${mask})`);
        e.line(`${name} = ${combined(e.use, n.op, n.dtype, name, other)};`);
      });
    };
    join(acc);
    e.line(`${memory}[local] = select(${start}, ${acc}, subgroupElect());`);
    e.line("workgroupBarrier();");
    const all = e.name("all");
    const at = e.name("t");
    e.line(`var ${all} = ${start};`);
    e.nest(`for (var ${at} = subgroupLane; ${at} < ${lanes}u; ${at} += subgroupSize)`, () => {
      const other = e.let("other", `${memory}[${at}]`);
      e.line(`${all} = ${combined(e.use, n.op, n.dtype, all, other)};`);
    });
    join(all);
    // before another reduction writes there
    e.line("workgroupBarrier();");
    return all;
  }
  /** Declarations of the workgroup memory that reductions share. */
  get partials(): readonly string[] {
    return [...this.#partials].map(r => `var<workgroup> ${r}Partials: array<${wgslType[r]}, ${this.lanes}>;`);
  }
  /** arguments enter in the accumulator's dtype; floats are not rounded on the way */
  #accumulated(n: NodeOf<"reduce">, x: Node): Node["dtype"] {
    return isFloat(n.dtype) && isFloat(x.dtype) && n.dtype !== "f64" && x.dtype !== "f64" ? x.dtype : n.dtype;
  }

  // ---- memory
  /** An element of a one-dimensional tensor of integers, as i32. */
  element(t: Tensor, index: Poly): string {
    const { e } = this;
    const value = e.let("v", readText(e.use, t.dtype, this.memories.get(t)!, this.#address([index], t)));
    return registerOf(t.dtype) === "wide" ? `${e.use("wideIndex")}(${value})` : `i32(${value})`;
  }
  /** Where the condition does not hold the run fails. */
  failUnless(condition: string): void {
    this.fails = true;
    this.e.line(`if (!(${condition})) { atomicStore(&failure, 1u); }`);
  }
  #loadTensor(n: NodeOf<"load">, t: Tensor): string {
    const { e } = this;
    this.#requireInside(n.index, t);
    const at = this.#address(n.index, t);
    const value = readText(e.use, t.dtype, this.memories.get(t)!, at);
    return this.#orFill(n, t.dims, value);
  }
  /** Is the tensor in memory an array of vectors of four? */
  hasVectors(t: Tensor | undefined): boolean {
    return t !== undefined && this.memories.get(t)!.vector !== undefined;
  }
  /** Computes four elements of a store, whose indices `bind` binds, and gives the name of what storeVector takes. */
  quad(s: Store, bind: (j: string, body: () => void) => void): string {
    const { e } = this;
    e.line(`var results: ${quadType(s.tensor.dtype)};`);
    e.nest("for (var j = 0u; j < 4u; j++)", () =>
      bind("j", () => e.line(`results[j] = ${quadElement(e.use, s.tensor.dtype, this.value(s.value))};`)),
    );
    return "results";
  }
  /** Four elements, the first where the indices are; see vectorLoad. */
  vector(load: TensorLoad): string {
    const t = load.tensor;
    const value = readVector(this.e.use, t.dtype, this.memories.get(t)!, this.#address(load.index, t));
    const inside = this.#fillOutside(load, t.dims);
    if (!inside) return value;
    return `select(vec4<f32>(${literal(this.e.use, load.dtype, load.fill)}), ${value}, ${inside})`;
  }
  /** The same of a tensor of f16, bit by bit: a conversion need not know infinity. */
  halves(load: TensorLoad): string {
    const t = load.tensor;
    const memory = this.memories.get(t)!;
    invariant(memory.vector === "halves", `"${t.name}" is no array of vectors of f16`);
    const value = halvesText(memory, this.#address(load.index, t));
    const inside = this.#fillOutside(load, t.dims);
    if (!inside) return value;
    const fill = load.fill === 0 ? "" : `${this.e.use("halfOf")}(${literal(this.e.use, load.dtype, load.fill)})`;
    return `select(vec4<f16>(${fill}), ${value}, ${inside})`;
  }
  #address(index: readonly Poly[], t: Tensor): string {
    const strides = stridesOf(t);
    const sum = index.reduce((s, p, d) => s.add(p.mul(strides[d]!)), Poly.zero).mergeDivMod();
    const at = this.e.int(sum);
    return this.e.let("n", `${this.e.base(t.name)} + ${at}`);
  }
  /** The fill where an index that is no gather leaves the dims. */
  #orFill(n: NodeOf<"load">, dims: readonly Poly[], value: string): string {
    const inside = this.#fillOutside(n, dims);
    if (!inside) return value;
    return `select(${literal(this.e.use, n.dtype, n.fill)}, ${value}, ${inside})`;
  }
  #fillOutside(n: NodeOf<"load">, dims: readonly Poly[]): string | undefined {
    return this.#insideText(
      n.index.filter((p, d) => gathersIn(p).length === 0 && !isInside(p, dims[d]!)),
      dims.filter((size, d) => gathersIn(n.index[d]!).length === 0 && !isInside(n.index[d]!, size)),
    );
  }
  #insideText(index: readonly Poly[], sizes: readonly Poly[]): string | undefined {
    if (index.length === 0) return undefined;
    return index.map((p, d) => `(u32(${this.e.int(p)}) < u32(${this.e.size(sizes[d]!)}))`).join(" && ");
  }
  /** A gathered index outside of its tensor ends the run: a word says so, and what is read instead does not matter. */
  #requireInside(index: readonly Poly[], t: Tensor): string | undefined {
    const checked = index.flatMap((p, d) => (gathersIn(p).length > 0 ? [d] : []));
    const inside = this.#insideText(
      checked.map(d => index[d]!),
      checked.map(d => t.dims[d]!),
    );
    if (!inside) return undefined;
    const ok = this.e.let("inside", inside);
    this.failUnless(ok);
    return ok;
  }
  /** A materialised tile is computed again under the indices at which it is read: always possible, whatever its size. */
  #loadView(n: NodeOf<"load">, view: Materialized): string {
    const { e } = this;
    const result = e.name("v");
    const fill = literal(e.use, n.dtype, n.fill);
    e.line(`var ${result} = ${fill};`);
    const sizes = view.axes.map(a => a.extent);
    const outside = n.index.flatMap((p, d) => (isInside(p, sizes[d]!) ? [] : [d]));
    const inside = this.#insideText(
      outside.map(d => n.index[d]!),
      outside.map(d => sizes[d]!),
    );
    const names = n.index.map(p => e.int(p));
    const bind = (d: number): void => {
      const axis = view.axes[d];
      if (axis) e.withAxis(axis, e.let("x", names[d]!), () => bind(d + 1));
      else e.line(`${result} = ${this.value(view.value)};`);
    };
    e.nest(inside ? `if (${inside})` : "", () => bind(0));
    return result;
  }

  // ---- folds
  /** Emits a fold of the kernel's own body, tile by tile of one index: results don't depend on the tile. */
  fold(f: Fold): void {
    if (f.cells) return;
    const { e } = this;
    const states = f.init.map(n => this.#newState(n));
    f.init.forEach((n, i) => {
      this.#assign(states[i]!, n, true);
    });
    const known: FoldState = { states, block: e.block };
    const outer = e.block;
    const body = (): void => {
      known.block = e.block;
      this.#folds.set(f, known);
      for (const inner of f.folds) this.fold(inner);
      const next = f.next.map((n, i) => this.#nextState(states[i]!, n));
      this.stores(f.stores);
      for (const finish of next) finish();
    };
    e.loop(f.axis, body, this.range?.fold === f ? this.range : undefined);
    known.block = outer;
    this.#folds.set(f, known);
    this.#epoch++;
  }
  #newState(n: Node): State {
    const free = n.axes.filter(a => !this.e.isBound(a));
    if (free.length === 0) return { variable: this.e.name("s"), axes: [], offset: Poly.zero };
    const offset = this.scratchWords;
    this.scratchWords = offset.add(Poly.product(free.map(a => a.extent)).mul(2 * wordsOf(n.dtype)));
    return { axes: free, offset };
  }
  #assign(state: State, n: Node, isNew: boolean): void {
    if (state.variable) this.e.line(`${isNew ? "var " : ""}${state.variable} = ${this.value(n)};`);
    else this.#overAxes(state.axes, () => this.#writeScratch(state, n, false));
  }
  /** All next states are computed before any is replaced. */
  #nextState(state: State, n: Node): () => void {
    const { e } = this;
    if (state.variable) {
      const value = e.let("v", this.value(n));
      // the variable itself may be what comes next: a copy keeps its old value
      const copy = e.name("v");
      e.line(`let ${copy} = ${value};`);
      return () => e.line(`${state.variable} = ${copy};`);
    }
    this.#overAxes(state.axes, () => this.#writeScratch(state, n, true));
    return () =>
      this.#overAxes(state.axes, () => {
        for (let w = 0; w < wordsOf(n.dtype); w++)
          e.line(`${this.#word(state, n.dtype, w, false)} = ${this.#word(state, n.dtype, w, true)};`);
      });
  }
  #overAxes(axes: readonly Axis[], body: () => void): void {
    const nest = (d: number): void => {
      const a = axes[d];
      if (a) this.e.loop(a, () => nest(d + 1));
      else body();
    };
    nest(0);
  }
  /** Words of neighbouring invocations lie side by side. The second half is for the next states. */
  #word(state: State, dtype: Node["dtype"], word: number, second: boolean): string {
    const count = Poly.product(state.axes.map(a => a.extent));
    let at = Poly.zero;
    for (const a of state.axes) at = at.mul(a.extent).add(Poly.sym(a.sym));
    const words = wordsOf(dtype);
    const index = at
      .mul(words)
      .add(state.offset)
      .add(word)
      .add(second ? count.mul(words) : Poly.zero);
    return `scratch[u32(${this.e.int(index)}) * lanes + slot]`;
  }
  #writeScratch(state: State, n: Node, second: boolean): void {
    const r = registerOf(n.dtype);
    const value = this.value(n);
    if (r !== "wide") this.e.line(`${this.#word(state, n.dtype, 0, second)} = ${toWord(r, value)};`);
    else {
      const name = this.e.let("v", value);
      ["x", "y"].forEach((part, w) => {
        this.e.line(`${this.#word(state, n.dtype, w, second)} = ${name}.${part};`);
      });
    }
  }
  #slot(n: NodeOf<"state"> | NodeOf<"result">): string {
    const state = this.#foldState(n.fold).states[n.slot]!;
    if (state.variable) {
      // a copy: the variable changes, what is remembered must not
      const copy = this.e.name("v");
      this.e.line(`let ${copy} = ${state.variable};`);
      return copy;
    }
    const r = registerOf(n.dtype);
    if (r !== "wide") return fromWord(r, this.#word(state, n.dtype, 0, false));
    return `vec2<u32>(${this.#word(state, n.dtype, 0, false)}, ${this.#word(state, n.dtype, 1, false)})`;
  }
  /** The loop of one element's program; all of its results at once. */
  #cells(n: NodeOf<"result">): string {
    const { e } = this;
    const f = n.fold;
    const key = `cells ${f.id}${e.variant}`;
    const done = e.block.memo.get(key)?.split(" ");
    if (done) return done[n.slot]!;
    const states = f.init.map((init): State => {
      const variable = e.name("s");
      e.line(`var ${variable}: ${wgslType[registerOf(init.dtype)]} = ${this.value(init)};`);
      return { variable, axes: [], offset: Poly.zero };
    });
    const before = this.#folds.get(f);
    e.loop(f.axis, () => {
      this.#folds.set(f, { states, block: e.block });
      const next = f.next.map((x, i) => this.#nextState(states[i]!, x));
      for (const finish of next) finish();
    });
    if (before) this.#folds.set(f, before);
    else this.#folds.delete(f);
    e.block.memo.set(key, states.map(s => s.variable!).join(" "));
    return states[n.slot]!.variable!;
  }

  // ---- writes
  stores(list: readonly Store[]): void {
    const isPoint = (s: Store): boolean => axesOfStore(s).every(a => this.e.isBound(a));
    // all values before anything is written, where each is one value
    if (list.length > 1 && list.every(isPoint)) {
      for (const s of list) {
        if (s.when) this.value(s.when);
        this.value(s.value);
      }
      const epoch = this.#epoch;
      for (const s of list) {
        this.#epoch = epoch;
        this.store(s);
      }
      this.#epoch = epoch + list.length;
      return;
    }
    list.forEach((s, i) => {
      const earlier = list.slice(0, i).map(x => x.tensor);
      if (earlier.some(t => this.reads(s, t)))
        throw new AzulejoError(
          "target",
          `target: "webgpu" can't compute kernel "${this.kernel.name}": it reads "${s.tensor.name}" after a write that should come later; use { onUnsupported: "host" }`,
        );
      this.store(s);
    });
  }
  reads(s: Store, t: Tensor): boolean {
    return rootsOfStore(s).some(n => this.#needs.of(n).has(t));
  }
  /** Sums of what the store overwrites, where its loops don't change them: the loops would read what they have written. */
  reduceFirst(s: Store): void {
    const isKnown = (x: Need): boolean => ("extent" in x ? this.e.isBound(x) : "role" in x || this.#folds.has(x));
    for (const n of reachCells(rootsOfStore(s))) {
      const needs = n.kind === "reduce" ? this.#needs.of(n) : new Set<Need>();
      if (needs.has(s.tensor) && [...needs].every(isKnown)) this.value(n);
    }
  }
  /** In the order of the store's axes, the last one fastest: where writes meet, that order counts. */
  store(s: Store): void {
    const { e } = this;
    this.reduceFirst(s);
    this.#overAxes(
      axesOfStore(s).filter(a => !e.isBound(a)),
      () => {
        const write = (): void => this.#write(s);
        if (s.when) e.nest(`if (${this.value(s.when)})`, write);
        else write();
      },
    );
    this.#epoch++;
  }
  /** Writes four elements, the first where the indices are; see isVectorStore. */
  storeVector(s: Store, value: string): void {
    const memory = this.memories.get(s.tensor)!;
    this.e.line(writeVector(this.e.use, s.tensor.dtype, memory, this.#address(s.index, s.tensor), value));
  }
  #write(s: Store): void {
    const { e } = this;
    const t = s.tensor;
    const memory = this.memories.get(t)!;
    const value = this.value(s.value);
    const ok = this.#requireInside(s.index, t);
    const write = (): void => {
      const at = this.#address(s.index, t);
      let x = value;
      if (s.combine && s.combine !== "last") {
        const op = s.combine === "add" ? "sum" : s.combine === "mul" ? "prod" : s.combine;
        const old = e.let("v", readText(e.use, t.dtype, memory, at));
        x = e.let("v", rounded(e.use, t.dtype, combined(e.use, op, t.dtype, old, x)));
      } else if (bytesOf(t.dtype) < 4) x = e.let("v", x);
      for (const line of writeLines(e.use, t.dtype, memory, at, x)) e.line(line);
    };
    if (ok) e.nest(`if (${ok})`, write);
    else write();
  }
}

/**
 * Is the number one that a compiler must not know? 0 · x and 0 / x would be 0 where x is NaN or infinite. Added, it is there to round, x + c - c, or
 * to make -0 a 0: so large that sums with it are whole numbers, added to a sum with another number, or 0. Compilers may reorder those.
 */
function isOpaque(n: NodeOf<"map">, x: Node): x is NodeOf<"full"> {
  if (x.kind !== "full" || registerOf(x.dtype) !== "f32") return false;
  const size = Math.abs(Number(x.value));
  if (n.op === "mul" || n.op === "div") return size === 0;
  if (n.op !== "add" && n.op !== "sub") return false;
  const isSum = (y: Node): boolean =>
    y.kind === "map" && (y.op === "add" || y.op === "sub") && y.args.some(a => a.kind === "full");
  return Number.isFinite(size) && (size >= 2 ** 22 || size === 0 || n.args.some(isSum));
}

/** The axis itself, and nothing else. */
export const isBare = (p: Poly, a: Axis): boolean => bareSymbol(p) === a.sym;

/** Is the value read from neighbours in memory where the axis goes on by one? */
export const stepsByOne = (value: Node, a: Axis): boolean =>
  reach([value]).some(n => {
    if (n.kind !== "load" || !isTensor(n.tensor)) return false;
    const strides = stridesOf(n.tensor);
    const address = n.index.reduce((sum, p, d) => sum.add(p.mul(strides[d]!)), Poly.zero).mergeDivMod();
    return address.coef(a.sym)?.equals(1) === true;
  });
