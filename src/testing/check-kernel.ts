// checkKernel(): a kernel run on small tensors under watch, for the mistakes that a compiler can't see and a result may hide.
import { isFloat } from "../ir/dtypes.js";
import type { EvaluateOptions } from "../ir/evaluate/evaluator.js";
import type { TensorArgument } from "../ir/evaluate/kernel.js";
import { bindDims, runKernel } from "../ir/evaluate/kernel.js";
import type { Storage } from "../ir/evaluate/memory.js";
import { denseStorage } from "../ir/evaluate/memory.js";
import type { Scalar } from "../ir/evaluate/scalar.js";
import { sizesOfSymbols } from "../ir/sizes.js";
import type { Fold, Kernel, Tensor } from "../ir/tile.js";
import { foldsOf, storesOf } from "../ir/walk.js";
import { targetStates } from "../load/doctor.js";
import { KernelRuns } from "../load/kernel-runs.js";
import type { LoadOptions } from "../runtime/api.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError } from "../support/errors.js";
import { hasCodeFor, intrinsicProblems } from "./check-intrinsic.js";
import { closenessOf, difference, fromTensorData } from "./difference.js";
import { type DrawOptions, drawTensors, type Tensors } from "./draw-tensors.js";
import { nameOf, Watch } from "./watch.js";

/**
 * bounds: a read at a gathered index, or a write, outside of its tensor, an element written twice, segments out of order. unwritten: elements of an output that
 * no block writes. fold-tile: a fold whose result hangs on the size of its tiles. merge: a fold whose result hangs on where it is cut into parts. not-finite: NaN or infinity in an output, of finite inputs. overflow: an integer that
 * wraps around. lossy-cast: a number outside of what the new dtype holds. intrinsic: code that departs from its meaning. target: compiled code that departs from the interpreter.
 */
export type FindingKind =
  | "bounds"
  | "unwritten"
  | "fold-tile"
  | "merge"
  | "not-finite"
  | "overflow"
  | "lossy-cast"
  | "intrinsic"
  | "target";

type TargetName = NonNullable<LoadOptions["target"]>;

/** A mistake that `checkKernel` found. */
export interface Finding {
  readonly kernel: string;
  readonly kind: FindingKind;
  readonly message: string;
  /** file:line of the kernel's author, where one line is to blame */
  readonly source: string | undefined;
  /** sizes with which it was found first */
  readonly dims: Readonly<Record<string, number>>;
}
/** For `checkKernel`: what stays, and what is drawn. */
export interface CheckKernelOptions extends DrawOptions {
  /** default: all CPU targets that this machine has */
  readonly targets?: readonly TargetName[];
}

/**
 * Runs the kernel on small tensors, watched, and as compiled code. A finding is told once.
 * @throws AzulejoError input where the given tensors don't fit the kernel, or no sizes meet its conditions
 */
export async function checkKernel(
  kernel: Kernel | { readonly ir: Kernel },
  options: CheckKernelOptions = {},
): Promise<readonly Finding[]> {
  const ir = "ir" in kernel ? kernel.ir : kernel;
  const available = (await targetStates()).flatMap(t => (t.problem === undefined ? [t.name] : []));
  const targets = options.targets ?? available.filter(t => t === "wasm" || t === "native");
  // a device is asked where it has code of its own
  const withCode = (options.targets ?? available).filter(t => hasCodeFor(ir, t));
  const check = new KernelCheck(ir, targets);
  await check.intrinsics(withCode, options.seed ?? 1);
  for (const tensors of drawTensors(ir, options)) await check.run(tensors);
  check.dispose();
  return check.findings;
}

class KernelCheck {
  readonly findings: Finding[] = [];
  readonly #kernel: Kernel;
  readonly #targets: readonly TargetName[];
  readonly #runs: KernelRuns;
  readonly #told = new Set<string>();
  /** whose code of intrinsics departs: results do so as well */
  readonly #wrong = new Set<TargetName>();
  #dims: Finding["dims"] = {};

  constructor(kernel: Kernel, targets: readonly TargetName[]) {
    this.#kernel = kernel;
    this.#targets = targets;
    this.#runs = new KernelRuns(kernel, {});
  }
  dispose(): void {
    this.#runs.dispose();
  }
  async intrinsics(targets: readonly TargetName[], seed: number): Promise<void> {
    for (const { intrinsic, target, message } of await intrinsicProblems(this.#kernel, targets, seed)) {
      this.#tell("intrinsic", `${intrinsic.name} ${target}`, message, intrinsic.source);
      this.#wrong.add(target);
    }
  }
  async run(tensors: Tensors): Promise<void> {
    this.#dims = sizesOfSymbols(
      this.#kernel,
      bindDims(this.#kernel, t => tensors[t.name]!.dims),
    );
    const watch = new Watch((kind, node, message) => this.#tell(kind, node.name, message, node.source));
    const whole = this.#interpreted(tensors, { observe: watch.observe });
    // what comes after would find the same again
    if (!whole) return;
    this.#unwritten(whole);
    this.#notFinite(whole, watch);
    this.#folds(tensors);
    for (const target of this.#targets)
      if (!this.#wrong.has(target)) await this.#compiled(target, tensors, whole.tensors);
  }
  /** `about`: what is wrong, where no line is to blame; nothing is told of it twice */
  #tell(kind: FindingKind, about: string, message: string, source?: string): void {
    const key = `${kind} ${source ?? about}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.findings.push({ kernel: this.#kernel.name, kind, message, source, dims: this.#dims });
  }

  #interpreted(tensors: Tensors, options: EvaluateOptions) {
    const copies = copiesOf(tensors);
    const storages = new Map(
      this.#kernel.tensors.map(t => [t, denseStorage(t.dtype, copies[t.name]!.dims, copies[t.name]!.data)]),
    );
    try {
      return { tensors: copies, storages, writes: runKernel(this.#kernel, storages, options) };
    } catch (error) {
      if (!(error instanceof AzulejoError) || error.code === "internal") throw error;
      const [, message, source] = /^(?:kernel "[^"]*": )?(.*?)(?: \(([^()]*:\d+)\))?$/s.exec(error.message)!;
      this.#tell("bounds", message!, message!, source);
      return undefined;
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
      if (t.role !== "output" || storage.data.length === 0) continue;
      const left = [...(writes.get(storage) ?? new Uint8Array(storage.data.length))].indexOf(0);
      if (left >= 0)
        this.#tell(
          "unwritten",
          t.name,
          `"${t.name}" is not written at element ${left}; its blocks must cover it`,
          storesOf(this.#kernel).find(s => s.tensor === t)?.source,
        );
    }
  }
  #notFinite({ tensors }: { tensors: Tensors }, watch: Watch): void {
    for (const t of this.#kernel.tensors) {
      if (t.role === "input" || !isFloat(t.dtype)) continue;
      const at = valuesOf(tensors[t.name]!).findIndex(x => !Number.isFinite(Number(x)));
      if (at < 0) continue;
      const where = `"${t.name}" is ${Number(valuesOf(tensors[t.name]!)[at])} at element ${at}, of finite inputs`;
      const { birth } = watch;
      this.#tell("not-finite", t.name, birth ? `${where}: it begins with ${nameOf(birth)}` : where, birth?.source);
    }
  }
  /** Each fold cut in other ways: in float64, so that the order of additions makes no difference to speak of. */
  #folds(tensors: Tensors): void {
    const folds = foldsOf(this.#kernel).filter(f => !f.cells && (!f.steps || f.merge));
    if (folds.length === 0) return;
    const whole = this.#interpreted(tensors, { arithmetic: "real" });
    if (!whole) return;
    const cut = (f: Fold, how: "foldTile" | "foldParts", n: number): readonly [Tensor, string] | undefined => {
      const one = this.#interpreted(tensors, {
        arithmetic: "real",
        [how]: (a: unknown) => (a === f.axis ? n : undefined),
      });
      for (const t of this.#kernel.tensors) {
        const problem =
          t.role === "input" || !one ? undefined : departure(one.tensors[t.name]!, whole.tensors[t.name]!);
        if (problem) return [t, problem];
      }
      return undefined;
    };
    for (const f of folds) {
      for (const n of f.steps ? [] : [1, 3]) {
        const [t, problem] = cut(f, "foldTile", n) ?? [];
        if (t)
          this.#tell(
            "fold-tile",
            f.axis.name,
            `"${t.name}" hangs on the size of the tiles of the fold over "${f.axis.name}": with ${n} indices at once, ${problem}; the whole axis at once gives that`,
            f.source,
          );
      }
      for (const n of f.merge ? [2, 3, 5] : []) {
        const [t, problem] = cut(f, "foldParts", n) ?? [];
        if (t)
          this.#tell(
            "merge",
            f.axis.name,
            `"${t.name}" hangs on where the fold over "${f.axis.name}" is cut: merged from ${n} parts, ${problem}; the fold in one part gives that`,
            f.source,
          );
      }
    }
  }
  async #compiled(target: TargetName, tensors: Tensors, want: Tensors): Promise<void> {
    const copies = copiesOf(tensors);
    const got = await this.#runs.run(copies, { target, threads: 1 });
    for (const t of this.#kernel.tensors) {
      const problem = t.role === "input" ? undefined : departure(got[t.name]!, want[t.name]!);
      if (problem)
        this.#tell(
          "target",
          `${target} ${t.name}`,
          `"${t.name}" on ${target}: ${problem}, which the interpreter gives`,
        );
    }
  }
}

const copiesOf = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [name, { ...t, data: t.data.slice() } as TensorArgument]),
  );

/** Values of 16-bit floats and the like, not their bits. */
const valuesOf = (t: TensorArgument): Scalar[] => Array.from<Scalar>(fromTensorData(t as TensorData).data);

/** Sums in other orders, functions within their bounds. */
const closeness = { relative: 256, absolute: 64 };
const departure = (got: TensorArgument, want: TensorArgument): string | undefined => {
  const scale = Math.max(
    1,
    ...valuesOf(want)
      .map(x => Math.abs(Number(x)))
      .filter(Number.isFinite),
  );
  return difference(
    fromTensorData(got as TensorData),
    fromTensorData(want as TensorData),
    closenessOf(closeness, want.dtype, scale),
  );
};
