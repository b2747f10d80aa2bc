// A program on the GPU: its weights and pipelines on one device, a plan for the dims of the last run, and what becomes of both when the device is lost.
import type { KernelProgram } from "../../graph/program.js";
import { bindDims } from "../../graph/program-dims.js";
import type { SymbolValues } from "../../graph/program-dims.js";
import type { Executable, KernelReport, RunOptions, TargetReport, Transfer } from "../../runtime/target.js";
import { abortedBy, throwIfAborted } from "../../runtime/platform.js";
import type { TensorData } from "../../runtime/tensor.js";
import { AzulejoError } from "../../support/errors.js";
import { whenAborted } from "../../support/when-aborted.js";
import type { SharedDevice } from "./device.js";
import { Plan, type Resident } from "./plan.js";
import { type Outputs, Run } from "./run.js";
import { dispatchesOf, type GpuProgram, kernelsOf } from "./steps.js";

type Inputs = ReadonlyMap<string, TensorData>;

/** What lives on one device. */
export interface OnDevice {
  readonly shared: SharedDevice;
  readonly gpu: GpuProgram;
  readonly resident: Resident;
  /** milliseconds of loading by phase */
  readonly timesMs: Readonly<Record<string, number>>;
}

export class GpuExecutable implements Executable {
  readonly program: KernelProgram;
  readonly #load: () => Promise<OnDevice>;
  #on: OnDevice;
  #plan: { readonly key: string; readonly plan: Plan } | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #last: Pick<Run, "submissions" | "transfers"> | undefined;
  #losses = 0;
  #disposed = false;

  /** `load` puts the program on a device anew, should this one be lost */
  constructor(program: KernelProgram, on: OnDevice, load: () => Promise<OnDevice>) {
    this.program = program;
    this.#on = on;
    this.#load = load;
  }

  run(inputs: Inputs, options: RunOptions = {}): Promise<Outputs> {
    const result = this.#queue.then(() => this.#run(inputs, options));
    this.#queue = result.catch(() => undefined);
    return untilAborted(result, options.signal, `run of "${this.program.name}"`);
  }
  async #run(inputs: Inputs, options: RunOptions): Promise<Outputs> {
    this.#requireUsable();
    throwIfAborted(options.signal, `run of "${this.program.name}"`);
    await this.#moveFromLostDevice();
    const { shared, gpu, resident } = this.#on;
    const symbols = bindDims(this.program, name => inputs.get(name)?.dims, options.symbols);
    const plan = await this.#planFor(symbols);
    const run = new Run({ shared, program: this.program, gpu, resident, plan }, options);
    try {
      return await run.outputs(inputs);
    } catch (error) {
      // buffers that could not be had are no buffers for later runs
      if (error instanceof AzulejoError && error.code === "memory") this.#forgetPlan();
      throw error;
    } finally {
      this.#last = { submissions: run.submissions, transfers: run.transfers };
    }
  }
  #requireUsable(): void {
    if (this.#disposed) throw new AzulejoError("disposed", `model "${this.program.name}" was disposed; load it again`);
  }
  async #moveFromLostDevice(): Promise<void> {
    if (this.#on.shared.lost === undefined) return;
    this.#plan = undefined;
    this.#on = await this.#load();
    this.#losses++;
  }
  async #planFor(symbols: SymbolValues): Promise<Plan> {
    const key = [...symbols].map(([s, n]) => `${s.id}:${n}`).join();
    if (this.#plan?.key === key) return this.#plan.plan;
    this.#forgetPlan();
    const { shared, gpu, resident } = this.#on;
    let made: Plan | undefined;
    try {
      await shared.checked(
        () => made?.numbers() ?? "a plan of the run",
        () => {
          made = new Plan(this.program, shared, gpu, resident, symbols);
        },
      );
    } catch (error) {
      made?.destroy();
      throw error;
    }
    this.#plan = { key, plan: made! };
    return made!;
  }
  #forgetPlan(): void {
    this.#plan?.plan.destroy();
    this.#plan = undefined;
  }

  report(): TargetReport {
    const { shared, gpu, resident, timesMs } = this.#on;
    const steps = kernelsOf(gpu.steps);
    const dispatches = dispatchesOf(gpu.steps);
    const codes = [...new Set(dispatches.map(d => d.code))];
    const plan = this.#plan?.plan;
    return {
      target: "webgpu",
      threads: 1,
      codeBytes: codes.reduce((sum, c) => sum + c.length, 0),
      functions: codes.length,
      kernels: steps.map(
        (s): KernelReport => ({
          name: s.step.kernel.name,
          nodes: s.step.nodes,
          function: s.kind === "host" ? "" : "main",
          schedule: s.kind === "host" ? "on the host" : s.summary,
          ...(s.kind === "kernel" && s.tuned ? { tuned: true } : {}),
        }),
      ),
      constantBytes: resident.constantBytes,
      arenaBytes: plan?.arenaBytes ?? 0,
      arenaLowerBoundBytes: plan?.lowerBoundBytes ?? 0,
      flags: [],
      notes: [
        `runs on ${shared.name}`,
        `${dispatches.length} dispatches, ${plural(this.#last?.submissions ?? 1, "submission")} a run`,
        ...transferNotes(this.#last?.transfers),
        ...(this.#losses ? [`moved to a new device ${plural(this.#losses, "time")}: the one before was lost`] : []),
        ...steps.flatMap(s =>
          s.kind === "host" ? [`kernel "${s.step.kernel.name}" runs on the host: ${s.reason}`] : [],
        ),
      ],
      timesMs,
      transfers: this.#last?.transfers ?? [],
    };
  }
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    // a run that is under way ends first
    void this.#queue.then(() => {
      this.#forgetPlan();
      const { shared, resident } = this.#on;
      shared.weights.release(resident.constants.keys());
      resident.failure.destroy();
    });
  }
}

/** Settles when the signal fires, too: nobody waits for what the GPU has begun, or for the turn of a run. */
function untilAborted<T>(result: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (!signal) return result;
  return new Promise((resolve, reject) => {
    const heard = whenAborted(signal, () => reject(abortedBy(signal, what)));
    result.then(resolve, reject).finally(heard);
  });
}

const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;

/** Nothing moves in silence: how much went each way in the last run. */
function transferNotes(transfers: readonly Transfer[] | undefined): readonly string[] {
  if (!transfers) return [];
  const sum = (direction: Transfer["direction"]): number =>
    transfers.reduce((n, t) => n + (t.direction === direction ? t.bytes : 0), 0);
  return [`${sum("up")} bytes to the GPU and ${sum("down")} bytes back in the last run`];
}
