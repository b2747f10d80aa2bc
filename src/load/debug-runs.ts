// Runs of kernels with debug points: a kernel that writes what is to be seen beside its results, on any target, and shows it after each run.
import { type DebugOutput, withDebugOutputs } from "../ir/debug-outputs.js";
import type { DebugTile } from "../ir/debug-text.js";
import type { TensorArgument } from "../ir/evaluate/kernel.js";
import { decoder } from "../ir/evaluate/memory.js";
import type { Axis, Kernel } from "../ir/tile.js";
import type { Schedule } from "../schedule/schedule.js";
import { AzulejoError } from "../support/errors.js";
import { KernelRuns, type RunKernelOptions, symbolsOfCall, type Tensors } from "./kernel-runs.js";
import { printDebug } from "./print-debug.js";

/** elements that a point may keep: 64 MiB of f32 */
const MOST_ELEMENTS = 2 ** 24;

interface Watched {
  readonly runs: KernelRuns;
  readonly outputs: readonly DebugOutput[];
}

export class DebugRuns implements Pick<KernelRuns, "run" | "dispose"> {
  readonly #kernel: Kernel;
  readonly #schedule: Partial<Schedule>;
  #watched: Watched | undefined;

  constructor(kernel: Kernel, schedule: Partial<Schedule>) {
    this.#kernel = kernel;
    const { parts, ...others } = schedule;
    // merges are left out, so nothing is cut
    this.#schedule = others;
  }
  /** @throws AzulejoError memory: a point that varies over more than can be kept */
  async run(given: Tensors, options: RunKernelOptions = {}): Promise<Record<string, TensorArgument>> {
    const symbols = symbolsOfCall(this.#kernel, given, options.dims ?? {});
    const size = (a: Axis): number => a.extent.evaluate(s => symbols.get(s)!);
    const { runs, outputs } = this.#made();
    for (const { point, dims } of outputs) {
      const elements = dims.reduce((p, d) => p * size(d.axis), 1);
      if (elements > MOST_ELEMENTS)
        throw new AzulejoError(
          "memory",
          `kernel "${this.#kernel.name}": debug "${point.name}" varies over ${elements} elements, with all steps of its folds; use smaller sizes, or eager()${point.source ? ` (${point.source})` : ""}`,
        );
    }
    const { onDebug = printDebug, ...others } = options;
    const results = await runs.run(given, others);
    for (const output of outputs) {
      onDebug(this.#tile(output, results[output.tensor.name]!, size));
      delete results[output.tensor.name];
    }
    return results;
  }
  dispose(): void {
    this.#watched?.runs.dispose();
  }
  #made(): Watched {
    if (!this.#watched) {
      const { kernel, outputs } = withDebugOutputs(this.#kernel, this.#kernel.debug ?? []);
      this.#watched = { runs: new KernelRuns(kernel, this.#schedule), outputs };
    }
    return this.#watched;
  }
  /** What of a tensor is shown: of axes that the value does not vary along one index. */
  #tile({ point, dims }: DebugOutput, tensor: TensorArgument, size: (a: Axis) => number): DebugTile {
    const decode = decoder(tensor.dtype);
    const axes = dims.filter(d => d.shown === "all").map(d => ({ name: d.axis.name, start: 0, length: size(d.axis) }));
    const data: (number | bigint)[] = [];
    const walk = (d: number, flat: number): void => {
      const dim = dims[d];
      if (!dim) {
        const bits = tensor.data[flat] as number | bigint;
        data.push(decode ? decode(bits as number) : bits);
        return;
      }
      const n = size(dim.axis);
      const [from, to] =
        dim.shown === "all" ? [0, n] : dim.shown === "first" ? [0, Math.min(1, n)] : [Math.max(0, n - 1), n];
      for (let i = from; i < to; i++) walk(d + 1, flat * n + i);
    };
    walk(0, 0);
    const at = dims.filter(d => d.shown === "last").map(d => ({ name: d.axis.name, index: size(d.axis) - 1 }));
    const { name, source } = point;
    return { kernel: this.#kernel.name, name, dtype: tensor.dtype, axes, at, data, source };
  }
}

/** What runs a kernel: with debug points, what shows them too. */
export const runsOf = (kernel: Kernel, schedule: Partial<Schedule>): Pick<KernelRuns, "run" | "dispose"> =>
  kernel.debug ? new DebugRuns(kernel, schedule) : new KernelRuns(kernel, schedule);
