// The two roofs over every kernel, of a target's own code on its own threads: multiply-adds that wait for nothing, and a copy of as many bytes as the
// kernel has in its tensors, so that caches help it as they help the kernel.
import type { CompileOptions, Executable, StepTime } from "../../runtime/target.js";
import type { TensorData } from "../../runtime/tensor.js";
import type { Peak } from "../../targets/cpu/peak.js";
import { f32, grid } from "../../tile/index.js";
import { kernel } from "../../tile/tile-kernel.js";
import { kernelProgram } from "../compile-kernel.js";
import { targetOf } from "../targets.js";

/** Targets with schedules. */
export type CpuTarget = "wasm" | "native";

/** What a target can do at most on this machine. */
export interface Rates {
  /** GFLOP/s: multiply-adds of floats in vectors */
  readonly peak: number;
  /** GB/s, read and written, while about as many bytes are copied */
  readonly copy: number;
}

const ROUNDS = 4;
/** copies are repeated for as long as a kernel is in a round: the best of few runs is held against the best of hundreds otherwise */
const COPY_MS = 8;
const MOST_COPIES = 200;
const ONLY_COPY = new Set([0]);
/** bytes of the smallest and the largest copy, both ways together */
const LEAST = 2 ** 16;
const MOST = 2 ** 26;

interface Copying {
  readonly executable: Executable;
  readonly input: ReadonlyMap<string, TensorData>;
  readonly bytes: number;
  best: number;
}

/** Measures both, again whenever it is asked; the best of all times counts. */
export class Roofs {
  readonly #target: CpuTarget;
  readonly #options: CompileOptions;
  readonly #peak: Peak;
  /** of the size that was asked for last */
  #copy: Copying | undefined;
  #best = 0;

  private constructor(target: CpuTarget, options: CompileOptions, peak: Peak) {
    this.#target = target;
    this.#options = options;
    this.#peak = peak;
  }
  static async of(target: CpuTarget, options: CompileOptions): Promise<Roofs> {
    const peak =
      target === "wasm"
        ? await (await import("../../targets/wasm/peak.js")).wasmPeak(options)
        : await (await import("../../targets/c/peak.js")).nativePeak(options);
    return new Roofs(target, options, peak);
  }
  /** `bytes` of all tensors of the kernel */
  async measure(bytes: number): Promise<Rates> {
    const copying = await this.#copying(bytes);
    for (let i = 0; i < ROUNDS; i++) this.#best = Math.max(this.#best, this.#peak.measure() ?? 0);
    let spentMs = 0;
    const onStep = ({ timeMs }: StepTime): void => {
      copying.best = Math.max(copying.best, copying.bytes / timeMs / 1e6);
      spentMs += timeMs;
    };
    for (let i = 0; i < ROUNDS || (i < MOST_COPIES && spentMs < COPY_MS); i++)
      await copying.executable.run(copying.input, { onStep, onlySteps: ONLY_COPY });
    return { peak: this.#best, copy: copying.best };
  }
  dispose(): void {
    this.#peak.dispose();
    this.#copy?.executable.dispose();
  }
  /** Of the kernel's own size: between two levels of the cache, one of a power of two beside it is 20 % faster or slower. */
  async #copying(wanted: number): Promise<Copying> {
    const N = Math.round(Math.min(MOST, Math.max(LEAST, wanted)) / 8);
    const bytes = 8 * N;
    if (this.#copy?.bytes === bytes) return this.#copy;
    this.#copy?.executable.dispose();
    this.#copy = undefined;
    const copy = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) => grid(N.tile(), n => Y.at(n).set(X.at(n))));
    const program = kernelProgram(copy.ir, { dims: { N } });
    const executable = await (await targetOf({ target: this.#target })).compile(program, this.#options);
    const input = new Map([["X", { dtype: "f32", dims: [N], data: new Float32Array(N).fill(1) } as const]]);
    // memory is touched before it is measured
    await executable.run(input);
    this.#copy = { executable, input, bytes, best: 0 };
    return this.#copy;
  }
}

/**
 * What no schedule can go below, in milliseconds. A kernel that was quicker than both rates allow (they are measured in other moments, and a copy has a
 * schedule of its own) is the roof itself.
 */
export const rooflineMs = (
  rates: Rates,
  work: { readonly flops: number; readonly bytes: number },
  measuredMs = Number.POSITIVE_INFINITY,
): number => Math.min(measuredMs, Math.max(work.flops / rates.peak, work.bytes / rates.copy) / 1e6);
