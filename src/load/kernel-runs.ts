// Kernels that are called as functions: compiled on first use for the sizes of a call, and kept for the next ones.
import { newArray } from "../ir/arrays.js";
import type { DebugTile } from "../ir/debug-text.js";
import type { TensorArgument } from "../ir/evaluate/kernel.js";
import { bindDims, checkNames, storagesOf } from "../ir/evaluate/kernel.js";
import { product } from "../ir/evaluate/values.js";
import type { Sym } from "../ir/poly.js";
import type { Sizes } from "../ir/sizes.js";
import { sizesOfSymbols, symbolsOfSizes } from "../ir/sizes.js";
import type { Kernel, Tensor } from "../ir/tile.js";
import { bareSymbol } from "../ir/walk.js";
import type { LoadOptions, Model } from "../runtime/api.js";
import type { TensorData } from "../runtime/tensor.js";
import type { Schedule } from "../schedule/schedule.js";
import { KernelSanitizer } from "../sanitize/kernel-sanitizer.js";
import { refuseFindings } from "../sanitize/step-sanitizer.js";
import { Usage } from "../support/usage.js";
import { checkOptions } from "./check-options.js";
import { checkDimNames, compileKernel } from "./compile-kernel.js";

/** For `kernel.run`. */
export interface RunKernelOptions
  extends Pick<LoadOptions, "target" | "threads" | "engineFlags" | "tuning" | "signal"> {
  /** sizes that no tensor of the call tells, by dim: `{ U: 28 }` */
  readonly dims?: Readonly<Record<string, number>>;
  /**
   * Looks for what results may hide, with these tensors: the interpreter runs the kernel under watch first, folds are cut in several ways, and the target's
   * result is compared. What is found is an error (sanitize). Slow.
   */
  readonly sanitize?: boolean;
  /** gets what debug() of tiles shows, after each run; absent: it is printed */
  readonly onDebug?: (tile: DebugTile) => void;
}

export type Tensors = Readonly<Record<string, TensorArgument | undefined>>;

/** Programs that are kept for sizes of their own; calls with yet other sizes share one whose dims are open. */
const KEPT = 8;

interface Made {
  readonly model: Promise<Model>;
  /** by calls, until they end */
  readonly usage: Usage<Promise<void>>;
}

export class KernelRuns {
  readonly #kernel: Kernel;
  readonly #schedule: Partial<Schedule>;
  /** least recently used first */
  readonly #made = new Map<string, Made>();
  readonly #identities = new WeakMap<object, number>();
  #constants = 0;

  constructor(kernel: Kernel, schedule: Partial<Schedule>) {
    this.#kernel = kernel;
    this.#schedule = schedule;
  }

  async run(given: Tensors, options: RunKernelOptions = {}): Promise<Record<string, TensorArgument>> {
    checkOptions(options, ["target", "threads", "engineFlags", "tuning", "signal", "dims", "sanitize", "onDebug"]);
    const call = new Call(this.#kernel, given, options.dims ?? {});
    const { signal, sanitize, onDebug: _, ...others } = options;
    const watched = sanitize ? new KernelSanitizer(this.#kernel) : undefined;
    const want = watched?.run(call.complete());
    if (!want) refuseFindings(watched?.findings ?? []);
    const made = this.#programFor(call, others);
    made.usage.begin();
    try {
      const outputs = await (await made.model).run<Record<string, TensorArgument>>(
        call.inputs,
        signal ? { signal } : {},
      );
      const results = call.results(outputs);
      if (want) watched?.compare(options.target ?? "wasm", results, want);
      refuseFindings(watched?.findings ?? []);
      return results;
    } finally {
      await made.usage.end();
    }
  }
  dispose(): void {
    for (const [key, made] of this.#made) this.#forget(key, made);
  }

  #programFor(call: Call, options: Omit<RunKernelOptions, "signal">): Made {
    const constants = Object.entries(call.constants).map(([name, t]) => [name, this.#identityOf(t.data)]);
    const keyOf = (dims: object): string => JSON.stringify([{ ...options, dims }, constants]);
    let dims = call.sizes;
    let made = this.#made.get(keyOf(dims));
    if (!made && this.#made.size >= KEPT) {
      dims = call.sizesBeside;
      made = this.#made.get(keyOf(dims));
    }
    const key = keyOf(dims);
    if (made) this.#made.delete(key);
    else {
      const schedules =
        Object.keys(this.#schedule).length > 0 ? { schedules: { [this.#kernel.name]: this.#schedule } } : {};
      const model = compileKernel(this.#kernel, { ...options, ...schedules, dims, constants: call.constants });
      made = { model, usage: new Usage(() => disposed(model)) };
      // what could not be compiled is tried again
      const failed = made;
      failed.model.catch(() => {
        if (this.#made.get(key) === failed) this.#made.delete(key);
      });
    }
    this.#made.set(key, made);
    for (const [old, other] of this.#made) {
      if (this.#made.size <= KEPT + 1) break;
      if (other !== made) this.#forget(old, other);
    }
    return made;
  }
  #forget(key: string, made: Made): void {
    this.#made.delete(key);
    void made.usage.forget();
  }
  /** Weights are packed once: other arrays are other weights. */
  #identityOf(data: object): number {
    const known = this.#identities.get(data);
    if (known !== undefined) return known;
    this.#identities.set(data, this.#constants);
    return this.#constants++;
  }
}

/** The caller of a program that could not be made was told. */
const disposed = (making: Promise<Model>): Promise<void> =>
  making.then(
    model => model.dispose(),
    () => {},
  );

const handedTensors = (kernel: Kernel, given: Tensors): readonly Tensor[] =>
  kernel.tensors.filter(t => given[t.name] !== undefined || t.role !== "output");

/** What a call says of sizes; its tensors are checked. */
export function symbolsOfCall(kernel: Kernel, given: Tensors, dims: Sizes): Map<Sym, number> {
  const tensors = handedTensors(kernel, given);
  const storages = storagesOf({ ...kernel, tensors }, given as Readonly<Record<string, TensorArgument>>);
  return bindDims({ ...kernel, tensors }, t => storages.get(t)!.dims, symbolsOfSizes(kernel, dims));
}

/** The tensors of one call, checked, with the sizes that they tell. */
class Call {
  readonly inputs: Record<string, TensorData> = {};
  readonly constants: Record<string, TensorData> = {};
  /** of all dims */
  readonly sizes: Sizes;
  /** of those that do not follow from what a run is given */
  readonly sizesBeside: Sizes;
  readonly #kernel: Kernel;
  readonly #given: Tensors;
  readonly #symbols: ReadonlyMap<Sym, number>;

  constructor(kernel: Kernel, given: Tensors, dims: Readonly<Record<string, number>>) {
    this.#kernel = kernel;
    this.#given = given;
    checkNames(kernel, given);
    checkDimNames(kernel, dims);
    const symbols = symbolsOfCall(kernel, given, dims);
    const handed = handedTensors(kernel, given);
    const atRun = new Set(
      kernel.tensors.filter(t => t.role !== "output" && !t.constant).flatMap(t => t.dims.map(bareSymbol)),
    );
    this.#symbols = symbols;
    this.sizes = sizesOfSymbols(kernel, symbols);
    this.sizesBeside = sizesOfSymbols(kernel, new Map([...symbols].filter(([s]) => !atRun.has(s))));
    for (const t of handed) {
      if (t.role === "output") continue;
      (t.constant ? this.constants : this.inputs)[t.name] = given[t.name] as TensorData;
    }
  }
  /** All tensors: outputs that were not handed in are made. */
  complete(): Record<string, TensorArgument> {
    return Object.fromEntries(
      this.#kernel.tensors.map(t => {
        const dims = t.dims.map(p => p.evaluate(s => this.#symbols.get(s)!));
        return [t.name, this.#given[t.name] ?? { dtype: t.dtype, dims, data: newArray(t.dtype, product(dims)) }];
      }),
    );
  }
  /** All tensors of the kernel. Those that the caller handed in hold the results, as after eager(). */
  results(outputs: Readonly<Record<string, TensorArgument>>): Record<string, TensorArgument> {
    const all: Record<string, TensorArgument> = {};
    for (const { name, role } of this.#kernel.tensors) {
      const given = this.#given[name];
      const made = role === "input" ? undefined : outputs[name]!;
      if (given && made) (given.data as Uint8Array).set(made.data as Uint8Array);
      all[name] = given ?? made!;
    }
    return all;
  }
}
