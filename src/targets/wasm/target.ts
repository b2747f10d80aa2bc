// The target "wasm": a whole model as one small module.
import type { KernelProgram } from "../../graph/program.js";
import { now } from "../../runtime/platform.js";
import type { CompileOptions, Executable, Target, TargetReport } from "../../runtime/target.js";
import type { Schedule } from "../../schedule/schedule.js";
import { throwIfAborted } from "../../runtime/platform.js";
import { CompiledProgram } from "./compiled-program.js";
import { canShareMemory, createMachine, engine } from "./create-machine.js";
import { emitFunctions } from "./emit.js";
import { WasmExecutable } from "./executable.js";
import { KernelLibrary } from "./kernel-library.js";
import type { Machine } from "./machine.js";
import { assembleModule } from "./module.js";
import { ResidentProgram } from "./resident-program.js";

export interface WasmTargetOptions {
  /** where memory can't be shared, or to force it: one worker with memory of its own */
  readonly shared?: boolean;
  readonly workerUrl?: string;
}

export function wasmTarget(targetOptions: WasmTargetOptions = {}): Target {
  return { name: "wasm", compile: (program, options) => compile(program, options, targetOptions) };
}

async function compile(source: KernelProgram, options: CompileOptions, target: WasmTargetOptions): Promise<Executable> {
  const started = now();
  const features = engine();
  const compiled = new CompiledProgram(
    source,
    new KernelLibrary(features, options.schedules as Readonly<Record<string, Partial<Schedule>>>),
  );
  throwIfAborted(options.signal, "Loading the model");
  const lowered = now();
  options.onProgress?.({ phase: "compile", fraction: 0.5 });
  const emitted = emitFunctions(
    compiled.library.codes.flatMap(c => c.lowered.phases.map(p => p.func)),
    features,
  );
  const shared = target.shared ?? canShareMemory();
  const module = assembleModule({ functions: emitted.functions, entries: emitted.entries, shared });
  const assembled = now();
  const machine = await createMachine({
    module,
    threads: options.threads,
    engineFlags: options.engineFlags,
    ...(target.workerUrl ? { workerUrl: target.workerUrl } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  try {
    const ready = now();
    const resident = new ResidentProgram(compiled, machine);
    await resident.load(options);
    const times = {
      lower: lowered - started,
      emit: assembled - lowered,
      engine: ready - assembled,
      weights: now() - ready,
    };
    return new WasmExecutable({
      program: source,
      machine,
      plan: resident.plan,
      provide: plan => resident.provide(plan),
      report: reportOf(compiled, machine, {
        codeBytes: module.bytes.length,
        functions: emitted.functions.length,
        times,
      }),
    });
  } catch (e) {
    machine.dispose();
    throw e;
  }
}

function reportOf(
  compiled: CompiledProgram,
  machine: Machine,
  made: { readonly codeBytes: number; readonly functions: number; readonly times: Readonly<Record<string, number>> },
): Omit<TargetReport, "arenaBytes" | "arenaLowerBoundBytes"> {
  return {
    target: "wasm",
    threads: machine.threads,
    codeBytes: made.codeBytes,
    functions: made.functions,
    kernels: compiled.kernelReports(),
    constantBytes: compiled.constants.byteLength,
    flags: [],
    notes: [],
    timesMs: made.times,
  };
}
