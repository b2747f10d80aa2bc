// Evaluates tile IR block by block on plain arrays: the judge of lowering, and what eager execution computes with. Knows no schedule.

import { AzulejoError, invariant } from "../../support/errors.js";
import type { Dtype } from "../dtypes.js";
import { isFloat } from "../dtypes.js";
import { natives } from "../natives.js";
import type { Poly, Sym } from "../poly.js";
import type { Axis, Fold, Node, NodeOf, Part, Store, Tensor } from "../tile.js";
import { axisOf, isTensor } from "../tile.js";
import { Dependencies } from "./dependencies.js";
import { loadMaterialized, loadTensor } from "./loads.js";
import type { Storage } from "./memory.js";
import { reduceValues } from "./reduce.js";
import type { Scalar } from "./scalar.js";
import { mapFunction, rounding } from "./scalar.js";
import { writeValue } from "./stores.js";
import type { Value } from "./values.js";
import { scalarValue, zip } from "./values.js";

/**
 * "typed": floats are rounded to the stated dtype at every load, store and cast, and computed in float64 in between; "real": never rounded;
 * "stepwise": rounded after every operation, as a machine does (bit tricks with rounding need it).
 * Integers wrap around in all three.
 */
export type Arithmetic = "typed" | "real" | "stepwise";
/** a number, or one for each fold by its axis; undefined: as if it were absent */
export type PerFold = number | ((axis: Axis) => number | undefined);
export interface EvaluateOptions {
  readonly arithmetic?: Arithmetic;
  /** indices per block of folds over `.tile()`; absent: the whole axis */
  readonly foldTile?: PerFold;
  /** into how many parts folds with a merge are cut, some without an index where there are fewer; absent: none */
  readonly foldParts?: PerFold;
  readonly observer?: Observer;
}
/** Sees what a kernel computes and writes. */
export interface Observer {
  /** a value that was computed; operands can be asked for with `e.evaluate` */
  value(n: Node, value: Value, e: Evaluator): void;
  /** a value that is about to be written, where `when` holds */
  store(s: Store, value: Value, when: Value | undefined): void;
  /** an element that is about to be written: of `x`, and of what was there where the store joins it */
  element(s: Store, written: Scalar, x: Scalar, old?: Scalar): void;
}
export type Mistake = "bounds" | "written-twice" | "uninitialised" | "segments" | "unsuited";
/** What the evaluator refuses, in parts: what is wrong, and the author's line. */
export class EvaluationError extends AzulejoError {
  readonly mistake: Mistake;
  readonly what: string;
  readonly source: string | undefined;
  constructor(kernel: string, mistake: Mistake, what: string, source: string | undefined) {
    super(mistake === "unsuited" ? "kernel" : "bounds", `kernel "${kernel}": ${what}${source ? ` (${source})` : ""}`);
    this.mistake = mistake;
    this.what = what;
    this.source = source;
  }
}
export interface Span {
  readonly start: number;
  readonly length: number;
}

interface Memo {
  get(n: Node): { readonly value: Value; readonly time: number } | undefined;
  set(n: Node, entry: { readonly value: Value; readonly time: number }): unknown;
}

export class Evaluator {
  readonly name: string;
  readonly arithmetic: Arithmetic;
  readonly #foldTile: (axis: Axis) => number | undefined;
  readonly #foldParts: (axis: Axis) => number | undefined;
  readonly storages: ReadonlyMap<Tensor, Storage>;
  /** elements written in this run, by storage: a second write is an error */
  readonly writes = new Map<Storage, Uint8Array>();
  readonly #symbols: ReadonlyMap<Sym, number>;
  readonly #spans = new Map<Axis, Span>();
  readonly #states = new Map<Fold, readonly Value[]>();
  /** states of the parts that a merge is joining */
  readonly #parts = new Map<Fold, Readonly<Record<Part, readonly Value[]>>>();
  readonly #results = new Map<Fold, readonly Value[]>();
  readonly #dependencies: Dependencies;
  readonly #frozen: boolean;
  readonly observer: Observer | undefined;
  #memo: Memo;

  constructor(
    name: string,
    symbols: ReadonlyMap<Sym, number>,
    storages: ReadonlyMap<Tensor, Storage>,
    options: EvaluateOptions & {
      readonly written?: ReadonlySet<object>;
      /** eager execution: a node is made for one block and keeps the value that it got there */
      readonly frozen?: boolean;
    } = {},
  ) {
    this.#frozen = options.frozen ?? false;
    this.#memo = this.#frozen ? new WeakMap() : new Map();
    this.name = name;
    this.#symbols = symbols;
    this.storages = storages;
    this.arithmetic = options.arithmetic ?? "typed";
    this.#foldTile = perFold(options.foldTile);
    this.#foldParts = perFold(options.foldParts);
    this.observer = options.observer;
    this.#dependencies = new Dependencies(options.written ?? new Set());
  }

  /** what a float becomes at loads, stores and casts */
  rounding(dtype: Dtype): (x: number) => number {
    return this.arithmetic === "real" ? x => x : rounding(dtype);
  }
  get mode(): { stepwise: boolean; rounds: boolean } {
    return { stepwise: this.arithmetic === "stepwise", rounds: this.arithmetic !== "real" };
  }
  symbol = (s: Sym): number => {
    const x = this.#symbols.get(s);
    invariant(x !== undefined, `symbol ${s.name} has no value in kernel "${this.name}"`);
    return x;
  };
  size(p: Poly): number {
    return p.evaluate(this.symbol);
  }
  extent(a: Axis): number {
    return this.size(a.extent);
  }
  span(a: Axis): Span {
    return this.#spans.get(a) ?? { start: 0, length: this.extent(a) };
  }
  /** From now on the axis covers this part; undefined: all of it. */
  restrict(a: Axis, span: Span | undefined): void {
    if (span) this.#spans.set(a, span);
    else this.#spans.delete(a);
    this.#dependencies.touch(a);
  }
  error(mistake: Mistake, what: string, at: { readonly source?: string }): EvaluationError {
    return new EvaluationError(this.name, mistake, what, at.source);
  }
  dependsOnState(n: Node): boolean {
    return this.#dependencies.hasState(n);
  }

  evaluate(n: Node): Value {
    const known = this.#memo.get(n);
    if (known && (this.#frozen || known.time >= this.#dependencies.changed(n))) return known.value;
    const value = this.#compute(n);
    this.#memo.set(n, { value, time: this.#dependencies.now });
    this.observer?.value(n, value, this);
    return value;
  }
  /** Makes a value that was computed elsewhere the node's. */
  assign(n: Node, value: Value): void {
    this.#memo.set(n, { value, time: this.#dependencies.now });
  }
  #compute(n: Node): Value {
    switch (n.kind) {
      case "full":
        return scalarValue(n.dtype, this.#rounded(n.value, n.dtype));
      case "index":
        return this.#index(n);
      case "load":
        return isTensor(n.tensor) ? loadTensor(this, n, n.tensor) : loadMaterialized(this, n, n.tensor);
      case "map":
        return zip(
          mapFunction(n.op, n.args.at(-1)!.dtype, n.dtype, this.mode),
          n.dtype,
          ...n.args.map(a => this.evaluate(a)),
        );
      case "call":
        return this.#call(n);
      case "reduce":
        return reduceValues(this, n);
      case "state":
        return this.#slot(n.part ? this.#parts.get(n.fold)?.[n.part] : this.#states.get(n.fold), n);
      case "result":
        return this.#slot(this.#results.get(n.fold), n);
    }
  }
  #rounded(x: Scalar, dtype: Dtype): Scalar {
    return isFloat(dtype) ? this.rounding(dtype)(Number(x)) : x;
  }
  #slot(values: readonly Value[] | undefined, n: NodeOf<"state"> | NodeOf<"result">): Value {
    invariant(values, `the ${n.kind} "${n.name}" of kernel "${this.name}" is read outside of its fold's scope`);
    return values[n.slot]!;
  }
  #index(n: NodeOf<"index">): Value {
    const v = this.polynomial(n.index);
    if (n.dtype === "i64") return zip((x: number) => BigInt(x), "i64", v);
    return zip((x: number) => x | 0, "i32", v);
  }
  #call(n: NodeOf<"call">): Value {
    if (n.meaning) return this.evaluate(n.meaning);
    const native = natives[n.fn];
    invariant(native, `function ${n.fn} is not registered`);
    const round = this.arithmetic === "stepwise" ? rounding(n.dtype) : undefined;
    const f = round ? (a: number, b: number) => round(native(a, b)) : native;
    return zip(f, n.dtype, ...n.args.map(a => this.evaluate(a)));
  }

  /** an index polynomial as exact numbers over the axes it varies over */
  polynomial(p: Poly): Value {
    let sum: Value | undefined;
    for (const t of p.terms) {
      let factor = scalarValue("f64", t.c);
      for (const s of t.s) factor = zip((a: number, b: number) => a * b, "f64", factor, this.#symbolValue(s));
      sum = sum ? zip((a: number, b: number) => a + b, "f64", sum, factor) : factor;
    }
    return sum ?? scalarValue("f64", 0);
  }
  #symbolValue(s: Sym): Value {
    if (s.def?.op === "value") return zip((x: Scalar) => Number(x), "f64", this.evaluate(s.def.node as Node));
    if (s.def) return zip(indexOps[s.def.op], "f64", this.polynomial(s.def.a), this.polynomial(s.def.b));
    const axis = axisOf(s);
    if (!axis) return scalarValue("f64", this.symbol(s));
    const { start, length } = this.span(axis);
    return { axes: [axis], lengths: [length], data: Float64Array.from({ length }, (_, i) => start + i) };
  }

  /** Runs folds and stores of one body; values are all computed before anything is stored. `also` is computed with them. */
  body(folds: readonly Fold[], stores: readonly Store[], also: readonly Node[] = []): Value[] {
    for (const f of folds) this.fold(f);
    const stored = stores.map(s => {
      if (s.when) this.evaluate(s.when);
      return this.evaluate(s.value);
    });
    const others = also.map(n => this.evaluate(n));
    stores.forEach((s, i) => this.store(s, stored[i]!));
    return others;
  }
  store(s: Store, value: Value): void {
    const when = s.when && this.evaluate(s.when);
    this.observer?.store(s, value, when);
    writeValue(this, s, value, when);
    this.#dependencies.touch(s.tensor);
  }
  fold(f: Fold): void {
    const init = f.init.map(n => this.evaluate(n));
    const step = (state: readonly Value[]): Value[] => {
      this.#states.set(f, state);
      this.#dependencies.touch(f.init);
      return this.body(f.folds, f.stores, f.next);
    };
    const merge = (left: readonly Value[], right: readonly Value[]): Value[] => {
      this.#parts.set(f, { left, right });
      this.#dependencies.touch(f.init);
      return f.merge!.map(n => this.evaluate(n));
    };
    const results = this.loop(f, init, step, f.merge && merge);
    this.#results.set(f, results);
    this.#dependencies.touch(f);
  }
  /** Walks the blocks of a fold, all or part by part; a state keeps the axes of its initial node, so points of `.steps()` fall away. */
  loop(
    f: Pick<Fold, "axis" | "steps" | "init">,
    init: readonly Value[],
    step: (state: readonly Value[]) => readonly Value[],
    merge?: (left: readonly Value[], right: readonly Value[]) => readonly Value[],
  ): readonly Value[] {
    const extent = this.extent(f.axis);
    const tile = f.steps ? 1 : (this.#foldTile(f.axis) ?? Math.max(1, extent));
    const own = (values: readonly Value[]): Value[] => values.map((v, slot) => dropPoints(v, f.init[slot]!.axes));
    const walked = (from: number, to: number): readonly Value[] => {
      let state = init;
      for (let start = from; start < to; start += tile) {
        this.restrict(f.axis, { start, length: Math.min(tile, to - start) });
        state = own(step(state));
      }
      this.restrict(f.axis, undefined);
      return state;
    };
    const parts = merge ? (this.#foldParts(f.axis) ?? 1) : 1;
    const bound = (part: number): number => Math.floor((extent * part) / parts);
    let state = walked(0, bound(1));
    for (let part = 1; merge && part < parts; part++) state = own(merge(state, walked(bound(part), bound(part + 1))));
    return state;
  }
  /** Runs `g` while the given axes cover all of their extents. */
  whole<T>(axes: readonly Axis[], g: () => T): T {
    const before = axes.map(a => this.#spans.get(a));
    const memo = this.#memo;
    this.#memo = new Map();
    for (const a of axes) this.restrict(a, undefined);
    try {
      return g();
    } finally {
      axes.forEach((a, i) => {
        this.restrict(a, before[i]);
      });
      this.#memo = memo;
    }
  }
}

const perFold =
  (how: PerFold | undefined) =>
  (axis: Axis): number | undefined =>
    typeof how === "function" ? how(axis) : how;

const indexOps = {
  div: (a: number, b: number) => Math.floor(a / b),
  mod: (a: number, b: number) => a - b * Math.floor(a / b),
  min: Math.min,
  max: Math.max,
};

function dropPoints(v: Value, axes: readonly Axis[]): Value {
  const keep = v.axes.map(a => axes.includes(a));
  if (keep.every(Boolean)) return v;
  return { axes: v.axes.filter((_, d) => keep[d]), lengths: v.lengths.filter((_, d) => keep[d]), data: v.data };
}
