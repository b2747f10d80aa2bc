// A kernel run on given tensors under watch, in the interpreter: what a compiler can't see and a result may hide. Not here: where tensors
// come from, and compiled code.
import type { Dtype } from "../ir/dtypes.js";
import { isFloat } from "../ir/dtypes.js";
import type { EvaluateOptions } from "../ir/evaluate/evaluator.js";
import { EvaluationError } from "../ir/evaluate/evaluator.js";
import type { TensorArgument } from "../ir/evaluate/kernel.js";
import { bindDims, runKernel } from "../ir/evaluate/kernel.js";
import type { Storage } from "../ir/evaluate/memory.js";
import { decoder, denseStorage } from "../ir/evaluate/memory.js";
import type { Scalar } from "../ir/evaluate/scalar.js";
import { sizesOfSymbols } from "../ir/sizes.js";
import type { Fold, Kernel, Tensor } from "../ir/tile.js";
import { foldsOf, storesOf } from "../ir/walk.js";
import type { Finding, FindingKind } from "./finding.js";
import { notFiniteAt } from "./step-sanitizer.js";
import { Watch } from "./watch.js";

export type Tensors = Readonly<Record<string, TensorArgument>>;

/** Collects findings; each is told once. */
export class KernelSanitizer {
  readonly findings: Finding[] = [];
  readonly #kernel: Kernel;
  readonly #told = new Set<string>();
  #dims: Finding["dims"] = {};
  /** of the last run */
  #given: Tensors = {};
  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** What the kernel makes of the tensors, which are left alone; undefined where it can't be run. */
  run(tensors: Tensors): Tensors | undefined {
    this.#dims = sizesOfSymbols(
      this.#kernel,
      bindDims(this.#kernel, t => tensors[t.name]!.dims),
    );
    this.#given = tensors;
    this.#aliases(tensors);
    const watch = new Watch(this.#kernel, (kind, about, message, source) => this.tell(kind, about, message, source));
    const whole = this.#interpreted(tensors, { observer: watch });
    // what comes after would find the same again
    if (!whole) return undefined;
    this.#unwritten(whole);
    this.#notFinite(tensors, whole.tensors, watch);
    this.#folds(tensors);
    return whole.tensors;
  }
  /** Holds what a target gave against what `run` gave. */
  compare(target: string, got: Tensors, want: Tensors): void {
    for (const t of this.#written()) {
      const problem = departure(got[t.name]!, want[t.name]!);
      if (problem && departure(got[t.name]!, want[t.name]!, this.#roundingOf(t, want)))
        this.tell("target", `${target} ${t.name}`, `"${t.name}" on ${target}: ${problem}, which the interpreter gives`);
    }
  }
  /** `about`: what is wrong, where no line is to blame; nothing is told of it twice */
  tell(kind: FindingKind, about: string, message: string, source?: string): void {
    // code of an intrinsic is wrong on one target or on several
    const key = `${kind} ${kind === "intrinsic" ? about : (source ?? about)}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.findings.push({ kernel: this.#kernel.name, kind, message, source, dims: this.#dims });
  }
  /**
   * What rounding alone may do to a tensor: how far its elements move when the inputs do by their last place and each operation rounds. A small
   * difference of large numbers (rows around 1000 that are normalised, E[x²] − E[x]²) has lost what rounding took, on every target.
   */
  #roundingOf(t: Tensor, want: Tensors): number {
    const moved = Object.entries(this.#given).map(([name, x]) => [name, moveLastPlace(x)] as const);
    const rounded = this.#interpreted(Object.fromEntries(moved), { arithmetic: "stepwise" });
    if (!rounded || !isFloat(t.dtype)) return 0;
    const [xs, ys] = [valuesOf(rounded.tensors[t.name]!), valuesOf(want[t.name]!)];
    const distances = ys.map((y, i) => Math.abs(Number(y) - Number(xs[i])));
    return CONDITION * distances.reduce((most, d) => (Number.isFinite(d) ? Math.max(most, d) : most), 0);
  }
  #written(): readonly Tensor[] {
    return this.#kernel.tensors.filter(t => t.role !== "input");
  }

  #interpreted(tensors: Tensors, options: EvaluateOptions) {
    const copies = copiesOf(tensors);
    const storages = new Map<Tensor, Storage>(
      this.#kernel.tensors.map(t => {
        const { dims, data } = copies[t.name]!;
        const storage = denseStorage(t.dtype, dims, data);
        return [t, t.startsEmpty ? { ...storage, initialized: new Uint8Array(data.length) } : storage];
      }),
    );
    try {
      return { tensors: copies, storages, writes: runKernel(this.#kernel, storages, options) };
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      const source = error.mistake === "segments" ? this.#kernel.segments?.source : error.source;
      this.tell(error.mistake, error.what, error.what, source);
      return undefined;
    }
  }
  #aliases(tensors: Tensors): void {
    for (const t of this.#written())
      for (const other of this.#kernel.tensors) {
        const [a, b] = [tensors[t.name]!.data, tensors[other.name]!.data];
        if (other === t || a.buffer !== b.buffer) continue;
        if (a.byteOffset + a.byteLength <= b.byteOffset || b.byteOffset + b.byteLength <= a.byteOffset) continue;
        this.tell(
          "alias",
          t.name,
          `"${t.name}", which is written, shares memory with "${other.name}"; give each an array of its own, or declare one tensor inPlace`,
          storesOf(this.#kernel).find(s => s.tensor === t)?.source,
        );
      }
  }
  #unwritten({
    storages,
    writes,
  }: {
    storages: ReadonlyMap<Tensor, Storage>;
    writes: ReadonlyMap<Storage, Uint8Array>;
  }): void {
    for (const [t, storage] of storages) {
      const marks = storage.initialized ?? writes.get(storage) ?? new Uint8Array(storage.data.length);
      const left = t.role === "output" || t.startsEmpty ? marks.indexOf(0) : -1;
      if (left >= 0)
        this.tell(
          "unwritten",
          t.name,
          `"${t.name}" is not written at element ${left}; its blocks must cover it`,
          storesOf(this.#kernel).find(s => s.tensor === t)?.source,
        );
    }
  }
  #notFinite(given: Tensors, tensors: Tensors, watch: Watch): void {
    const first = ({ dtype, dims, data }: TensorArgument) => notFiniteAt(denseStorage(dtype, dims, data));
    if (this.#kernel.tensors.some(t => t.role !== "output" && !t.startsEmpty && first(given[t.name]!))) return;
    for (const t of this.#written()) {
      const at = first(tensors[t.name]!);
      const blamed = at && watch.blame(this.#kernel, t, at);
      if (blamed) this.tell("not-finite", t.name, blamed.message, blamed.source);
    }
  }
  /** Each fold cut in other ways: in float64, so that the order of additions makes no difference to speak of. */
  #folds(tensors: Tensors): void {
    const folds = foldsOf(this.#kernel).filter(f => !f.cells && (!f.steps || f.merge));
    const whole = folds.length > 0 ? this.#interpreted(tensors, { arithmetic: "real" }) : undefined;
    if (!whole) return;
    const cut = (f: Fold, how: "foldTile" | "foldParts", n: number): readonly [Tensor, string] | undefined => {
      const one = this.#interpreted(tensors, {
        arithmetic: "real",
        [how]: (a: unknown) => (a === f.axis ? n : undefined),
      });
      for (const t of one ? this.#written() : []) {
        const problem = departure(one!.tensors[t.name]!, whole.tensors[t.name]!);
        if (problem) return [t, problem];
      }
      return undefined;
    };
    for (const f of folds) {
      const axis = f.axis.name;
      for (const n of f.steps ? [] : [1, 3]) {
        const [t, problem] = cut(f, "foldTile", n) ?? [];
        if (t)
          this.tell(
            "fold-tile",
            axis,
            `"${t.name}" hangs on the size of the tiles of the fold over "${axis}": with ${n} indices at once, ${problem}; the whole axis at once gives that`,
            f.source,
          );
      }
      for (const n of f.merge ? [2, 3, 5] : []) {
        const [t, problem] = cut(f, "foldParts", n) ?? [];
        if (t)
          this.tell(
            "merge",
            axis,
            `"${t.name}" hangs on where the fold over "${axis}" is cut: merged from ${n} parts, ${problem}; the fold in one part gives that`,
            f.source,
          );
      }
    }
  }
}

export const copiesOf = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [name, { ...t, data: t.data.slice() } as TensorArgument]),
  );

/** Values of 16-bit floats and the like, not their bits. */
function valuesOf({ dtype, data }: TensorArgument): Scalar[] {
  const decode = decoder(dtype);
  return Array.from(data as ArrayLike<Scalar>, x => (decode ? decode(x as number) : x));
}

/** Distance of 1 to the next number; f64 is held to what f32 promises, because functions such as exp are. */
const epsilon: Partial<Record<Dtype, number>> = { f16: 2 ** -10, bf16: 2 ** -7 };
/** Sums in other orders, functions within their bounds: in units of epsilon, of the value and of the largest one. */
const closeness = { relative: 256, absolute: 64 };

/** several roundings on the way, each as large as that of the inputs */
const CONDITION = 8;
/** Every other number a place up, the others down. */
function moveLastPlace(x: TensorArgument): TensorArgument {
  if (x.dtype !== "f32" && x.dtype !== "f64") return x;
  const step = x.dtype === "f32" ? 2 ** -23 : 2 ** -52;
  return { ...x, data: (x.data as Float32Array).map((v, i) => v * (1 + (i % 2 ? step : -step))) };
}

/** Where two tensors depart from each other by more than rounding in another order does, and by more than `slack`. */
function departure(got: TensorArgument, want: TensorArgument, slack = 0): string | undefined {
  const [xs, ys] = [valuesOf(got), valuesOf(want)];
  const e = epsilon[want.dtype] ?? 2 ** -23;
  const scale = ys.reduce<number>((most, y) => Math.max(most, Number.isFinite(Number(y)) ? Math.abs(Number(y)) : 0), 1);
  for (const [i, y] of ys.entries()) {
    const x = xs[i]!;
    if (x === y || Object.is(x, y)) continue;
    const allowed = slack + closeness.absolute * scale * e + closeness.relative * e * Math.abs(Number(y));
    if (!isFloat(want.dtype) || !(Math.abs(Number(x) - Number(y)) <= allowed)) return `element ${i} is ${x}, not ${y}`;
  }
  return undefined;
}
