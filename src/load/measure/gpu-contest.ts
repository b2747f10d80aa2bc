// Choices for one kernel on a GPU against each other: all in one program, over the same tensors. Timestamps of the GPU count where it writes
// them, else the time until a submission is done. Not here: which choices, and who is out.

import type { Kernel } from "../../ir/tile.js";
import { gpuSpace } from "../../lower/gpu/space.js";
import { now } from "../../runtime/platform.js";
import type { CompileOptions, Executable } from "../../runtime/target.js";
import type { TensorData } from "../../runtime/tensor.js";
import type { GpuChoice } from "../../schedule/choices.js";
import type { Subject } from "./contest.js";
import { repeated } from "./contest.js";

/** WebGPU rounds timestamps to 65.536 µs, so that short kernels take none of them or one: thirty tell lengths apart by 3 %. */
const LEAST_MS = 2;
/** no longer for that, or a slow choice would be run again and again for a quick one */
const LONGEST_MS = 200;

/** The GPU that is tuned for. */
export interface TunedGpu {
  readonly name: string;
  /** what shaders are made for, as records name it */
  readonly features: string;
  readonly spaceOf: (kernel: Kernel) => readonly GpuChoice[];
}
/** @throws AzulejoError target: there is none */
export async function tunedGpu(): Promise<TunedGpu> {
  const { sharedDevice } = await import("../../targets/webgpu/device.js");
  const shared = await sharedDevice();
  return { name: shared.name, features: shared.featuresText, spaceOf: kernel => gpuSpace(kernel, shared.limits) };
}

export class GpuContest {
  readonly #executable: Executable;
  readonly #inputs: ReadonlyMap<string, TensorData>;
  readonly #names: readonly string[];

  private constructor(executable: Executable, inputs: ReadonlyMap<string, TensorData>, names: readonly string[]) {
    this.#executable = executable;
    this.#inputs = inputs;
    this.#names = names;
  }
  static async of(subject: Subject, list: readonly GpuChoice[], options: CompileOptions): Promise<GpuContest> {
    const { program, inputs, nameOf } = repeated(subject, list.length);
    const { webgpuTarget } = await import("../../targets/webgpu/target.js");
    const choices = new Map(list.map((choice, i) => [nameOf(i), choice]));
    const executable = await webgpuTarget({ choices }).compile(program, options);
    return new GpuContest(
      executable,
      inputs,
      list.map((_, i) => nameOf(i)),
    );
  }
  /** Milliseconds of each in a run, of all dispatches that it is: the mean of so many runs that rounded timestamps matter no more. */
  async time(): Promise<readonly number[]> {
    const times = this.#names.map(() => 0);
    const start = now();
    let runs = 0;
    do {
      await this.#executable.run(this.#inputs, {
        onStep: ({ kernel, timeMs }) => {
          const i = this.#names.indexOf(kernel);
          if (i >= 0) times[i]! += timeMs;
        },
      });
      runs++;
    } while (Math.min(...times) < LEAST_MS && now() - start < LONGEST_MS);
    return times.map(t => t / runs);
  }
  dispose(): void {
    this.#executable.dispose();
  }
}
