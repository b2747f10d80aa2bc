// The two roofs over every kernel, of a target's own code on its own threads: multiply-adds that wait for nothing, and a copy that no cache holds.
import { kernelProgram } from "../load/compile-kernel.js";
import { targetOf } from "../load/targets.js";
import type { CompileOptions, Executable, StepTime } from "../runtime/target.js";
import type { TensorData } from "../runtime/tensor.js";
import type { Peak } from "../targets/cpu/peak.js";
import { f32, grid, kernel } from "../tile/index.js";

export type CpuTarget = "wasm" | "native";

export interface Rates {
  /** GFLOP/s: multiply-adds of floats in vectors */
  readonly peak: number;
  /** GB/s: read and written */
  readonly copy: number;
}

/** 32 MiB each way */
const COPIED = 8 << 20;
const ROUNDS = 4;
const COPY = new Set([0]);

/** Measures both, again whenever it is asked; the best of all times counts. */
export class Roofs {
  readonly #peak: Peak;
  readonly #copying: Executable;
  readonly #input: ReadonlyMap<string, TensorData>;
  #best: Rates = { peak: 0, copy: 0 };

  private constructor(peak: Peak, copying: Executable) {
    this.#peak = peak;
    this.#copying = copying;
    this.#input = new Map([["X", { dtype: "f32", dims: [COPIED], data: new Float32Array(COPIED).fill(1) }]]);
  }
  static async of(target: CpuTarget, options: CompileOptions): Promise<Roofs> {
    const peak =
      target === "wasm"
        ? await (await import("../targets/wasm/peak.js")).wasmPeak(options)
        : await (await import("../targets/c/peak.js")).nativePeak(options);
    const copy = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) => grid(N.tile(), n => Y.at(n).set(X.at(n))));
    const program = kernelProgram(copy.ir, { dims: { N: COPIED } });
    const roofs = new Roofs(peak, await (await targetOf({ target })).compile(program, options));
    // memory is touched before it is measured
    await roofs.#copying.run(roofs.#input);
    return roofs;
  }
  async measure(): Promise<Rates> {
    for (let i = 0; i < ROUNDS; i++) {
      const peak = this.#peak.measure() ?? 0;
      const timesMs: number[] = [];
      const onStep = ({ timeMs }: StepTime): void => void timesMs.push(timeMs);
      await this.#copying.run(this.#input, { onStep, onlySteps: COPY });
      const copy = (8 * COPIED) / timesMs[0]! / 1e6;
      this.#best = { peak: Math.max(peak, this.#best.peak), copy: Math.max(copy, this.#best.copy) };
    }
    return this.#best;
  }
  dispose(): void {
    this.#peak.dispose();
    this.#copying.dispose();
  }
}

/** What no schedule can go below, in milliseconds. */
export const rooflineMs = (rates: Rates, flops: number, bytes: number): number =>
  Math.max(flops / rates.peak, bytes / rates.copy) / 1e6;
