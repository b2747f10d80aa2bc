// kernel() of `azulejo/tile`: what was recorded, with compiled code behind it. The compiler is loaded when a kernel first runs.
import type { TensorArgument } from "../ir/evaluate/kernel.js";
import type { ExplainKernelOptions } from "../load/explain-kernel.js";
import type { KernelRuns, RunKernelOptions } from "../load/kernel-runs.js";
import { printDebug } from "../load/print-debug.js";
import type { Schedule } from "../schedule/schedule.js";
import { AzulejoError } from "../support/errors.js";
import type { EagerOptions } from "../tile/eager.js";
import type { KernelBody, KernelOptions, Recording, Signature, Sizes } from "../tile/kernel.js";
import { recordSignature } from "../tile/kernel.js";
import type { EagerArguments } from "../tile/tile-kernel.js";
import { TileKernel as RecordedKernel } from "../tile/tile-kernel.js";

/** Tensors of a call, by name. */
export type KernelArguments<S extends Signature> = { readonly [K in keyof S]?: TensorArgument };
/** All tensors of a call, by name: those that were handed in, filled, and those that were made. */
export type KernelResults<S extends Signature> = { readonly [K in keyof S]: TensorArgument };

type KernelTarget = NonNullable<RunKernelOptions["target"]>;
type SchedulesOfTargets = Readonly<Partial<Record<KernelTarget, Partial<Schedule>>>>;

/** A kernel: a function of tensors, on every target. */
export class TileKernel<S extends Signature = Signature> extends RecordedKernel<S> {
  /** fields of its schedule that its author decided for all targets; the compiler derives the others */
  readonly schedule: Partial<Schedule>;
  readonly #ofTargets: SchedulesOfTargets;
  /** by target where it has a schedule of its own */
  readonly #runs = new Map<KernelTarget | "others", Promise<Pick<KernelRuns, "run" | "dispose">>>();
  #disposed = false;

  constructor(recording: Recording<S>, schedule: Partial<Schedule> = {}, ofTargets: SchedulesOfTargets = {}) {
    super(recording);
    this.schedule = schedule;
    this.#ofTargets = ofTargets;
  }
  /**
   * Runs compiled code, made on the first call for the sizes of the tensors and kept for the next ones. Tensors that are only written may be left
   * out where the sizes of the others, or `dims`, tell theirs; one that is handed in is filled, as by `eager()`. Tensors declared
   * `constant(…)` are packed once for as long as the same array is handed in.
   * @throws AzulejoError input: a missing tensor, a wrong dtype or size; schedule; bounds; aborted; disposed
   */
  async run(tensors: KernelArguments<S>, options?: RunKernelOptions): Promise<KernelResults<S>> {
    if (this.#disposed)
      throw new AzulejoError("disposed", `Kernel "${this.name}" was disposed; make it again to run it`);
    const target = options?.target ?? "wasm";
    const key = target in this.#ofTargets || target === "cpu" ? target : "others";
    const runs =
      this.#runs.get(key) ??
      import("../load/debug-runs.js").then(async m => m.runsOf(this.ir, await this.#scheduleOn(target)));
    this.#runs.set(key, runs);
    return (await (await runs).run(tensors, options)) as KernelResults<S>;
  }
  /**
   * Runs the body itself on arrays, for breakpoints and stack traces: every operation computes at once, `tile.peek()` shows its values and `tile.debug(name)` prints
   * them. Slow. Tensors that are only written may be left out; all tensors come back.
   */
  override eager(args: EagerArguments<S>, options: EagerOptions = {}): KernelResults<S> {
    return super.eager(args, { onDebug: printDebug, ...options });
  }
  /**
   * The same kernel with these fields of its schedule, beside those it has, on all targets or on these; names are those that `explain()` prints. With target
   * "webgpu" it may have "parts" alone: the others are for processors, so a kernel that also runs on GPUs has them for `targets: ["wasm", "native", "cpu"]`.
   * "cpu" has those of the target that it stands for, and its own before them.
   * @throws AzulejoError option
   */
  with(schedule: Partial<Schedule>, options: { readonly targets?: readonly KernelTarget[] } = {}): TileKernel<S> {
    const targets = targetsOf(options);
    if (!targets) return new TileKernel(this.recording, { ...this.schedule, ...schedule }, this.#ofTargets);
    const own = targets.map(t => [t, { ...this.#ofTargets[t], ...schedule }] as const);
    return new TileKernel(this.recording, this.schedule, { ...this.#ofTargets, ...Object.fromEntries(own) });
  }
  /**
   * What the compiler makes of it, as data and as text: arithmetic, bytes, schedule, what is packed, loops, code. Nothing runs.
   * @throws AzulejoError schedule; option; input: a dim that the kernel does not have, a size that is no whole number or that a constant needs
   */
  async explain(options?: ExplainKernelOptions): Promise<KernelExplanation> {
    const schedule = await this.#scheduleOn(options?.target ?? "wasm");
    return (await import("../load/explain-kernel.js")).explainKernel(this.ir, schedule, options);
  }
  /** Frees code, packed constants and workers; a later run() fails with code "disposed". */
  dispose(): void {
    this.#disposed = true;
    for (const runs of this.#runs.values()) void runs.then(r => r.dispose());
  }
  async #scheduleOn(target: KernelTarget): Promise<Partial<Schedule>> {
    const meant =
      target === "cpu"
        ? ((await (await import("../load/targets.js")).targetOf({ target })).name as KernelTarget)
        : target;
    return { ...this.schedule, ...this.#ofTargets[meant], ...this.#ofTargets[target] };
  }
}
const TARGETS: Readonly<Record<KernelTarget, true>> = {
  wasm: true,
  native: true,
  cpu: true,
  webgpu: true,
  interpreter: true,
};

/** A word that is not there would pin a schedule for all targets, or for none. */
function targetsOf(options: { readonly targets?: readonly KernelTarget[] }): readonly KernelTarget[] | undefined {
  const { targets, ...others } = options;
  const refuse = (what: string): never => {
    throw new AzulejoError("option", `with: ${what}`);
  };
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) refuse(`there is no option "${unknown}"; the option is targets`);
  if (targets !== undefined && !Array.isArray(targets)) refuse(`targets is ${JSON.stringify(targets)}; give a list`);
  const wrong = targets?.find(t => !Object.hasOwn(TARGETS, t));
  if (wrong !== undefined)
    refuse(`targets names ${JSON.stringify(wrong)}; choose among ${Object.keys(TARGETS).join(", ")}`);
  return targets;
}
type KernelExplanation = Awaited<ReturnType<typeof import("../load/explain-kernel.js").explainKernel>>;

/**
 * Declares a kernel: `signature` gives tensors with dtypes and named dims, `body` says what is written where, once, in the words of this module.
 * @throws AzulejoError kernel, with the line of the body
 */
// biome-ignore lint/complexity/noBannedTypes: no statics adds no names
export const kernel = <const S extends Signature, const T extends Sizes = {}>(
  signature: S,
  body: KernelBody<S, T>,
  options: KernelOptions<T> = {},
): TileKernel<S> => new TileKernel(recordSignature(signature, body, options));
