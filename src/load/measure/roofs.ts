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
const ONLY_COPY = new Set([0]);
/** bytes of the smallest and the largest copy, both ways together; sizes between are powers of four */
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
  readonly #copies = new Map<number, Copying>();
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
    for (let i = 0; i < ROUNDS; i++) {
      this.#best = Math.max(this.#best, this.#peak.measure() ?? 0);
      const onStep = ({ timeMs }: StepTime): void => {
        copying.best = Math.max(copying.best, copying.bytes / timeMs / 1e6);
      };
      await copying.executable.run(copying.input, { onStep, onlySteps: ONLY_COPY });
    }
    return { peak: this.#best, copy: copying.best };
  }
  dispose(): void {
    this.#peak.dispose();
    for (const { executable } of this.#copies.values()) executable.dispose();
  }
  async #copying(wanted: number): Promise<Copying> {
    const bytes = Math.min(MOST, Math.max(LEAST, 4 ** Math.round(Math.log2(Math.max(1, wanted)) / 2)));
    const known = this.#copies.get(bytes);
    if (known) return known;
    const N = bytes / 8;
    const copy = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) => grid(N.tile(), n => Y.at(n).set(X.at(n))));
    const program = kernelProgram(copy.ir, { dims: { N } });
    const executable = await (await targetOf({ target: this.#target })).compile(program, this.#options);
    const input = new Map([["X", { dtype: "f32", dims: [N], data: new Float32Array(N).fill(1) } as const]]);
    // memory is touched before it is measured
    await executable.run(input);
    const made = { executable, input, bytes, best: 0 };
    this.#copies.set(bytes, made);
    return made;
  }
}

/** What no schedule can go below, in milliseconds. */
export const rooflineMs = (rates: Rates, flops: number, bytes: number): number =>
  Math.max(flops / rates.peak, bytes / rates.copy) / 1e6;
