// The target "wasm": a whole model as one small module.
import type { KernelProgram } from "../../graph/program.js";
import type { HostWorker } from "../../runtime/platform.js";
import { canShareMemory, canStartWorkers, now, throwIfAborted } from "../../runtime/platform.js";
import type { CompileOptions, Executable, Target, TargetReport } from "../../runtime/target.js";
import type { TileProfile } from "../../schedule/machine-profile.js";
import type { Schedule } from "../../schedule/schedule.js";
import { CompiledProgram } from "../cpu/compiled-program.js";
import { FunctionList } from "./emit.js";
import { ProgramExecutable } from "../cpu/executable.js";
import { KernelLibrary } from "../cpu/kernel-library.js";
import type { Machine } from "../cpu/machine.js";
import { createMachine } from "./machine.js";
import { engine } from "./machine-engine.js";
import { startWorkers } from "./machine-workers.js";
import { type AssembledModule, assembleModule } from "./module.js";
import { ResidentProgram } from "../cpu/resident-program.js";

export interface WasmTargetOptions {
  /** where memory can't be shared, or to force it: one worker with memory of its own */
  readonly shared?: boolean;
  readonly workerUrl?: string;
  /** to compile as for another engine than this one */
  readonly tileProfile?: TileProfile;
}

export function wasmTarget(targetOptions: WasmTargetOptions = {}): Target {
  let early: HostWorker | undefined;
  return {
    name: "wasm",
    begin(): void {
      early ??= canStartWorkers() ? startWorkers(1, targetOptions.workerUrl)[0] : undefined;
      early?.unref();
    },
    abandon(): void {
      early?.terminate();
      early = undefined;
    },
    compile(program, options) {
      const worker = early;
      early = undefined;
      worker?.ref();
      return compile(program, options, targetOptions, worker);
    },
  };
}

async function compile(
  source: KernelProgram,
  options: CompileOptions,
  target: WasmTargetOptions,
  firstWorker: HostWorker | undefined,
): Promise<Executable> {
  const shared = target.shared ?? canShareMemory();
  const making = new Making(source, options, { ...target, shared });
  const machine = await createMachine({
    module: Promise.resolve().then(() => making.module()),
    shared,
    threads: shared ? options.threads : 1,
    engineFlags: options.engineFlags,
    ...(firstWorker ? { firstWorker } : {}),
    ...(target.workerUrl ? { workerUrl: target.workerUrl } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const placed = now();
  try {
    const resident = new ResidentProgram(making.compiled!, machine);
    await resident.load(options);
    return new ProgramExecutable({
      program: source,
      machine,
      plan: resident.plan,
      provide: plan => resident.provide(plan),
      report: making.report(machine, now() - placed),
    });
  } catch (e) {
    machine.dispose();
    throw e;
  }
}

/** Kernels → module, with the time each part took. */
class Making {
  readonly #source: KernelProgram;
  readonly #options: CompileOptions;
  readonly #target: WasmTargetOptions & { readonly shared: boolean };
  readonly #times: Record<string, number> = {};
  #codeBytes = 0;
  #functions = 0;
  compiled: CompiledProgram | undefined;

  constructor(
    source: KernelProgram,
    options: CompileOptions,
    target: WasmTargetOptions & { readonly shared: boolean },
  ) {
    this.#source = source;
    this.#options = options;
    this.#target = target;
  }
  module(): AssembledModule {
    throwIfAborted(this.#options.signal, "Loading the model");
    const own = engine(this.#options.engineFlags);
    const features = { ...own, tileProfile: this.#target.tileProfile ?? own.tileProfile };
    const start = now();
    const list = new FunctionList(features);
    const emitMs = { sum: 0 };
    const library = new KernelLibrary(
      { features },
      this.#options.schedules as Readonly<Record<string, Partial<Schedule>>>,
      funcs => {
        const from = now();
        list.add(funcs);
        emitMs.sum += now() - from;
      },
    );
    this.compiled = new CompiledProgram(this.#source, library);
    const lowered = now();
    this.#options.onProgress?.({ phase: "compile", fraction: 0.5 });
    const { functions, entries } = list;
    const module = assembleModule({ functions, entries, shared: this.#target.shared });
    this.#times.lower = lowered - start - emitMs.sum;
    this.#times.emit = emitMs.sum + now() - lowered;
    this.#codeBytes = module.bytes.length;
    this.#functions = functions.length;
    return module;
  }
  report(machine: Machine, weightsMs: number): Omit<TargetReport, "arenaBytes" | "arenaLowerBoundBytes"> {
    return {
      target: "wasm",
      threads: machine.threads,
      codeBytes: this.#codeBytes,
      functions: this.#functions,
      kernels: this.compiled!.kernelReports(),
      constantBytes: this.compiled!.constants.byteLength,
      flags: machine.flags,
      notes: [],
      timesMs: { ...this.#times, engine: machine.compileTimeMs, weights: weightsMs },
    };
  }
}
