// Eager execution: the kernel's TypeScript runs again, on arrays, computing every operation as soon as it is called. The values are
// computed by the same code as the interpreter's.
import { newArray } from "../ir/arrays.js";
import type { DebugTile } from "../ir/debug-text.js";
import { Evaluator } from "../ir/evaluate/evaluator.js";
import type { InterpretOptions, TensorArgument } from "../ir/evaluate/kernel.js";
import { bindDims, checkNames, storagesOf } from "../ir/evaluate/kernel.js";
import { eachBlock } from "../ir/evaluate/segments.js";
import type { Value } from "../ir/evaluate/values.js";
import { product } from "../ir/evaluate/values.js";
import type { Axis, DebugPoint, Fold, Kernel, Node, Store } from "../ir/tile.js";
import { AzulejoError } from "../support/errors.js";
import { foldSlots } from "./fold.js";
import type { EagerHooks } from "./trace.js";
import { record } from "./trace.js";

/** How `kernel.eager` walks the grid and folds. */
export interface EagerOptions extends Pick<InterpretOptions, "arithmetic" | "foldTile" | "foldParts"> {
  /** indices per block of each axis of the grid; absent: the body runs once, over everything */
  readonly block?: number;
  /** gets what debug() of tiles shows; absent: it is printed */
  readonly onDebug?: (tile: DebugTile) => void;
}

export function runEagerly(
  kernel: Kernel,
  given: Readonly<Record<string, TensorArgument | undefined>>,
  body: () => void,
  options: EagerOptions,
): Record<string, TensorArgument> {
  checkNames(kernel, given);
  const args = withOutputs(kernel, given);
  const storages = storagesOf(kernel, args);
  const symbols = bindDims(kernel, t => storages.get(t)!.dims);
  const evaluator = new Evaluator(kernel.name, symbols, storages, { ...options, frozen: true });
  const eager = new Eager(evaluator, kernel, options);
  record(kernel.name, () => eager.body(body), eager);
  return args;
}

/** Tensors that the kernel only writes are made where the sizes of the others tell theirs. */
function withOutputs(
  kernel: Kernel,
  given: Readonly<Record<string, TensorArgument | undefined>>,
): Record<string, TensorArgument> {
  const args: Record<string, TensorArgument> = {};
  for (const t of kernel.tensors) if (given[t.name]) args[t.name] = given[t.name]!;
  const known = bindDims({ ...kernel, tensors: kernel.tensors.filter(t => args[t.name]) }, t => args[t.name]!.dims);
  for (const t of kernel.tensors) {
    if (args[t.name] || t.role !== "output") continue;
    const dims = t.dims.map(p => p.evaluate(s => known.get(s) ?? Number.NaN));
    const unknown = dims.findIndex(n => Number.isNaN(n));
    if (unknown >= 0)
      throw new AzulejoError(
        "input",
        `kernel "${kernel.name}": dim ${unknown} of "${t.name}" does not follow from the other tensors; hand in "${t.name}" too`,
      );
    args[t.name] = { dtype: t.dtype, dims, data: newArray(t.dtype, product(dims)) };
  }
  return args;
}

/** tiles of one name that a run shows at most */
const MOST_SHOWN = 16;

class Eager implements EagerHooks {
  readonly #evaluator: Evaluator;
  readonly #kernel: Kernel;
  readonly #block: number | undefined;
  /** tensors that the kernel also reads: they change at the end of a body, as in a recorded kernel */
  readonly #inPlace: ReadonlySet<object>;
  #pending: Store[] = [];
  readonly #onDebug: EagerOptions["onDebug"];
  readonly #shown = new Map<string, number>();
  /** axes of the blocks and steps around */
  readonly #around: Axis[] = [];
  constructor(evaluator: Evaluator, kernel: Kernel, options: EagerOptions) {
    this.#evaluator = evaluator;
    this.#kernel = kernel;
    this.#block = options.block;
    this.#onDebug = options.onDebug;
    this.#inPlace = new Set(kernel.tensors.filter(t => t.role === "inout"));
  }
  computed(n: Node): void {
    // states and results are assigned, not computed
    if (n.kind !== "state" && n.kind !== "result") this.#evaluator.evaluate(n);
  }
  value(n: Node) {
    return this.#evaluator.evaluate(n);
  }
  stored(s: Store): void {
    if (this.#inPlace.has(s.tensor)) this.#pending.push(s);
    else this.#evaluator.store(s, this.value(s.value));
  }
  debug({ name, value, source }: DebugPoint): void {
    const shown = (this.#shown.get(name) ?? 0) + 1;
    this.#shown.set(name, shown);
    if (shown > MOST_SHOWN) return;
    const { axes, lengths, data } = this.value(value);
    const span = (a: Axis) => this.#evaluator.span(a);
    const at = this.#around.filter(a => !axes.includes(a) && span(a).length < this.#evaluator.extent(a));
    this.#onDebug?.({
      ...{ kernel: this.#kernel.name, name, dtype: value.dtype, data, source, isLast: shown === MOST_SHOWN },
      axes: axes.map((a, d) => ({ name: a.name, start: span(a).start, length: lengths[d]! })),
      at: at.map(a => ({ name: a.name, index: span(a).start })),
    });
  }
  /** runs a body, then writes what it put off */
  body<T>(run: () => T): T {
    const outer = this.#pending;
    this.#pending = [];
    const result = run();
    for (const s of this.#pending) this.#evaluator.store(s, this.value(s.value));
    this.#pending = outer;
    return result;
  }
  grid(axes: readonly Axis[], segments: Pick<Kernel, "segments">, body: () => void): void {
    this.#around.push(...axes);
    const go = (d: number): void => {
      const axis = axes[d];
      if (!axis) {
        this.body(body);
        return;
      }
      const block = this.#block ?? Math.max(1, this.#evaluator.extent(axis));
      eachBlock(this.#evaluator, { ...this.#kernel, ...segments }, axis, block, () => go(d + 1));
    };
    go(0);
  }
  fold(
    f: Fold,
    step: (state: readonly Node[]) => readonly Node[],
    merge?: (left: readonly Node[], right: readonly Node[]) => readonly Node[],
  ): readonly Node[] {
    const values = f.init.map(n => this.value(n));
    this.#around.push(f.axis);
    const last = this.#evaluator.loop(
      f,
      values,
      state => this.body(() => step(this.#slots("state", f, state)).map(n => this.value(n))),
      merge &&
        ((left, right) => merge(this.#slots("state", f, left), this.#slots("state", f, right)).map(n => this.value(n))),
    );
    this.#around.pop();
    return this.#slots("result", f, last);
  }
  #slots(kind: "state" | "result", f: Fold, values: readonly Value[]): readonly Node[] {
    const nodes = foldSlots(kind, f);
    nodes.forEach((n, slot) => {
      this.#evaluator.assign(n, values[slot]!);
    });
    return nodes;
  }
}
