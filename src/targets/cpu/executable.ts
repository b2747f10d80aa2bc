// A compiled program on a machine: plans for dims, runs, reports.
import { bytesOf } from "../../ir/dtypes.js";
import { bindDims, type SymbolValues } from "../../graph/program-dims.js";
import { now } from "../../runtime/platform.js";
import type { Executable, RunOptions, SavedExecutable, StepTime, TargetReport } from "../../runtime/target.js";
import { arrayOf, bytesOfTensor } from "../../runtime/tensor-bytes.js";
import type { TensorData } from "../../runtime/tensor.js";
import { AzulejoError } from "../../support/errors.js";
import { Usage } from "../../support/usage.js";
import type { LinkedProgram } from "./linked-program.js";
import type { Machine, Prepared, Transfer } from "./machine.js";
import type { Plan } from "./planner.js";
import type { ResidentProgram } from "./resident-program.js";
import { SHORT_MS } from "./run-place.js";

/** Plans are kept for this many sets of dims; the oldest goes first. */
const MAX_PLANS = 64;

const RUNS_HERE = `runs with these dims take less than ${SHORT_MS} ms, and the calling thread does them: a hand-over would take longer`;

export interface ExecutableParts {
  readonly program: LinkedProgram;
  readonly machine: Machine;
  readonly resident: ResidentProgram;
  readonly report: Omit<TargetReport, "arenaBytes" | "arenaLowerBoundBytes">;
  readonly save?: () => SavedExecutable;
}

interface PreparedPlan {
  readonly plan: Plan;
  readonly prepared: Prepared;
  readonly setup: Prepared | undefined;
  /** by runs, until they end */
  readonly usage: Usage;
}

export class ProgramExecutable implements Executable {
  readonly #parts: ExecutableParts;
  readonly #plans = new Map<string, PreparedPlan>();
  /** whose tables are in memory */
  #setUp: PreparedPlan | undefined;
  #last: PreparedPlan | undefined;
  #disposed = false;
  readonly program: LinkedProgram;
  readonly runSync?: Executable["runSync"];
  readonly save?: NonNullable<Executable["save"]>;
  readonly hold?: NonNullable<Executable["hold"]>;

  constructor(parts: ExecutableParts) {
    this.#parts = parts;
    this.program = parts.program;
    if (parts.save) this.save = parts.save;
    if (parts.machine.hold) this.hold = () => parts.machine.hold!();
    if (parts.machine.runSync) this.runSync = inputs => this.#runSync(inputs);
  }
  async run(inputs: ReadonlyMap<string, TensorData>, options: RunOptions = {}): Promise<Map<string, TensorData>> {
    const { machine } = this.#parts;
    const { onStep, onlySteps, signal } = options;
    if (onStep && !machine.inTurn)
      throw new AzulejoError(
        "target",
        "Steps are timed on the calling thread, which can't wait for others on this host; profile in a worker, or in Node",
      );
    const made = await this.#claim(inputs, options.symbols);
    try {
      const { plan, prepared } = made;
      const sent = transfers(plan, inputs);
      if (onStep) await machine.gather?.();
      // both are queued before anything else can be: nobody runs between tables and their use
      const setup = this.#needsSetup(made)
        ? machine.run(made.setup!, [], []).catch(e => this.#forgetSetup(e))
        : undefined;
      const results = onStep
        ? machine.inTurn!(() => this.#timedRun(plan, sent, onStep, onlySteps), signal)
        : machine.run(prepared, sent, [...plan.outputs.values()], signal);
      await Promise.all([setup, results]);
      return onlySteps ? new Map() : this.#outputs(plan, await results);
    } finally {
      made.usage.end();
    }
  }
  #runSync(inputs: ReadonlyMap<string, TensorData>): Map<string, TensorData> {
    const { machine } = this.#parts;
    const made = this.#claim(inputs);
    if (made instanceof Promise)
      throw new AzulejoError(
        "internal",
        "Memory that this thread shares had to be asked for; this is a bug in Azulejo, please report it",
      );
    try {
      const { plan, prepared, setup } = made;
      const sent = transfers(plan, inputs);
      if (this.#needsSetup(made)) machine.runSync!(setup!, [], []);
      return this.#outputs(plan, machine.runSync!(prepared, sent, [...plan.outputs.values()]));
    } catch (error) {
      return this.#forgetSetup(error);
    } finally {
      made.usage.end();
    }
  }
  /** Plans share memory, so tables are made again after another plan ran. */
  #needsSetup(made: PreparedPlan): boolean {
    const needed = this.#setUp !== made && made.setup !== undefined;
    this.#setUp = made;
    return needed;
  }
  #forgetSetup(error: unknown): never {
    this.#setUp = undefined;
    throw error;
  }
  /** The plan for a run, kept until the run ends its use: others may push it out of the cache meanwhile. */
  #claim(inputs: ReadonlyMap<string, TensorData>, given?: SymbolValues): PreparedPlan | Promise<PreparedPlan> {
    if (this.#disposed)
      throw new AzulejoError("disposed", `Model "${this.#parts.program.name}" was disposed; load it again`);
    const { program } = this.#parts;
    const dims = program.inputs.map(b => inputs.get(b.name)?.dims.join() ?? "?").join("/");
    const key = given?.size ? `${dims}:${program.symbols.map(s => given.get(s)).join()}` : dims;
    const claimed = (made: PreparedPlan): PreparedPlan => {
      made.usage.begin();
      this.#last = made;
      return made;
    };
    const known = this.#plans.get(key);
    if (known) return claimed(known);
    const values = bindDims(program, name => inputs.get(name)?.dims, given);
    const plan = this.#parts.resident.plan(values);
    const ready = this.#parts.resident.provide(plan);
    const keep = (): PreparedPlan => {
      const { machine } = this.#parts;
      const prepared = machine.prepare(plan.instructions, plan.scratch, program.short);
      const setup = plan.setup.length ? machine.prepare(plan.setup, plan.scratch, program.short) : undefined;
      const usage = new Usage(() => {
        machine.release(prepared);
        if (setup) machine.release(setup);
      });
      const made: PreparedPlan = { plan, prepared, setup, usage };
      // while memory was asked for, another run may have made the same
      this.#forget(key);
      this.#plans.set(key, claimed(made));
      if (this.#plans.size > MAX_PLANS) this.#forget(this.#plans.keys().next().value!);
      return made;
    };
    return ready instanceof Promise ? ready.then(keep) : keep();
  }
  #forget(key: string): void {
    const made = this.#plans.get(key);
    this.#plans.delete(key);
    made?.usage.forget();
  }
  #outputs(plan: Plan, results: readonly Uint8Array[]): Map<string, TensorData> {
    const dtypes = new Map(this.#parts.program.outputs.map(b => [b.name, b.dtype]));
    return new Map(
      [...plan.outputs].map(([name, { dims }], i) => {
        const dtype = dtypes.get(name)!;
        return [name, { dtype, dims, data: arrayOf(dtype, results[i]!) }];
      }),
    );
  }
  /** Step by step on the calling thread and the workers; each step finds in the caches what it finds in a run. */
  #timedRun(
    plan: Plan,
    inputs: readonly Transfer[],
    onStep: (step: StepTime) => void,
    onlySteps: RunOptions["onlySteps"],
  ): Uint8Array[] {
    const { machine } = this.#parts;
    const runSync = machine.runSync!.bind(machine);
    // inputs and outputs are copied apart: no kernel's time has them in it
    const moving = machine.prepare([], plan.scratch);
    if (!onlySteps) runSync(moving, inputs, []);
    const zero = now();
    const steps = onlySteps ? plan.steps.filter((_, i) => onlySteps.has(i)) : plan.steps;
    for (const { step, instructions } of steps) {
      const prepared = machine.prepare(instructions, plan.scratch);
      const start = now();
      runSync(prepared, [], []);
      const timeMs = now() - start;
      machine.release(prepared);
      const [kernel, nodes] = step.kind === "call" ? [step.kernel, step.nodes] : [step.kind, []];
      onStep({ kernel, nodes, where: "cpu", startMs: start - zero, timeMs });
    }
    const results = onlySteps ? [] : runSync(moving, [], [...plan.outputs.values()]);
    machine.release(moving);
    return results;
  }
  report(): TargetReport {
    const { machine, report } = this.#parts;
    const last = this.#last;
    const tuned = report.kernels.filter(k => k.tuned).length;
    const notes =
      tuned > 0 ? [...report.notes, `${tuned} of ${report.kernels.length} kernels have tuned schedules`] : report.notes;
    const isHere = last !== undefined && machine.runsHere?.(last.prepared) === true;
    return {
      ...report,
      notes: isHere ? [...notes, RUNS_HERE] : notes,
      arenaBytes: last?.plan.arenaBytes ?? 0,
      arenaLowerBoundBytes: last?.plan.arenaLowerBoundBytes ?? 0,
    };
  }
  dispose(): void {
    this.#disposed = true;
    this.#parts.machine.dispose();
  }
}

function transfers(plan: Plan, inputs: ReadonlyMap<string, TensorData>): Transfer[] {
  return [...plan.inputs].map(([name, { address, byteLength }]) => {
    const tensor = inputs.get(name)!;
    const bytes = bytesOfTensor(tensor);
    if (bytes.byteLength !== byteLength)
      throw new AzulejoError(
        "input",
        `Input "${name}" has ${tensor.data.length} elements, and dims [${tensor.dims.join(", ")}] make ${byteLength / bytesOf(tensor.dtype)}; fix dims or data`,
      );
    return { address, bytes };
  });
}
