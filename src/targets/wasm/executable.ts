// A module in its machine as an executable: made new, or again from what another process kept. Nothing here compiles kernels.
import type { HostWorker } from "../../runtime/platform.js";
import { canStartWorkers, now, throwIfAborted } from "../../runtime/platform.js";
import type { CompileOptions, Executable, SavedExecutable } from "../../runtime/target.js";
import { ProgramExecutable } from "../cpu/executable.js";
import type { LinkedProgram } from "../cpu/linked-program.js";
import type { Machine } from "../cpu/machine.js";
import { ResidentProgram } from "../cpu/resident-program.js";
import { bytesOfPart, constantsPart, memoryPart, restoreConstants } from "../cpu/saved-constants.js";
import { restoreProgram, type SavedProgram, saveProgram } from "../cpu/saved-program.js";
import { createMachine, type MachineOptions } from "./machine.js";
import { startWorkers } from "./machine-workers.js";
import type { AssembledModule } from "./module.js";

/** A worker for a machine that is yet to come: it starts while the model is read. It does not keep the process alive. */
export class EarlyWorker {
  #worker: HostWorker | undefined;

  start(): void {
    this.#worker = canStartWorkers() ? startWorkers(1, undefined)[0] : undefined;
    this.#worker?.unref();
  }
  /** The first that asks owns it. */
  readonly take = (): HostWorker | undefined => {
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.ref();
    return worker;
  };
  /** Nobody needed it. */
  end(): void {
    this.take()?.terminate();
  }
}

interface Wanted extends Pick<CompileOptions, "threads" | "engineFlags" | "signal" | "shortRunMs"> {
  readonly shared: boolean;
  readonly workerUrl?: string;
  readonly short?: boolean;
  readonly firstWorker?: HostWorker | undefined;
}
export function machineOptions(
  module: MachineOptions["module"],
  { shared, threads, engineFlags, workerUrl, signal, shortRunMs, short, firstWorker }: Wanted,
): MachineOptions {
  return {
    module,
    shared,
    threads: shared ? threads : 1,
    engineFlags,
    firstWorker,
    short: short ?? false,
    ...(shortRunMs === undefined ? {} : { shortRunMs }),
    ...(workerUrl ? { workerUrl } : {}),
    ...(signal ? { signal } : {}),
  };
}

interface Parts {
  readonly program: LinkedProgram;
  readonly machine: Machine;
  readonly resident: ResidentProgram;
  readonly module: AssembledModule;
  /** those that are no entries included */
  readonly functions: number;
  readonly timesMs: Readonly<Record<string, number>>;
}
export function executableOf(parts: Parts): Executable {
  const { program, machine, resident, module, functions, timesMs } = parts;
  const report = {
    target: "wasm",
    threads: machine.threads,
    codeBytes: module.bytes.length,
    functions,
    kernels: program.kernels,
    constantBytes: program.constantBytes,
    flags: machine.flags,
    notes: [],
    timesMs,
  };
  return new ProgramExecutable({ program, machine, resident, report, save: () => saved(parts) });
}

// ---- kept between processes

interface Head {
  readonly shared: boolean;
  readonly entries: readonly string[];
  readonly functions: number;
  readonly program: SavedProgram;
}
/** The module, vector constants, and weights as they are packed. */
function saved({ program, machine, resident, module, functions }: Parts): SavedExecutable {
  const head: Head = { shared: module.shared, entries: module.entries, functions, program: saveProgram(program) };
  return { head, parts: [memoryPart(module.bytes), memoryPart(program.pools), constantsPart(machine, resident)] };
}
/** The executable that was saved; workers and memory are new. */
export async function restore(
  { head, parts: [code, pools, constants] }: SavedExecutable,
  options: CompileOptions,
): Promise<Executable> {
  const { shared, entries, functions, program: kept } = head as Head;
  const start = now();
  const bytes = await bytesOfPart(code!);
  const module = { bytes, shared, entries };
  const machine = await createMachine(machineOptions(module, { ...options, shared, short: kept.short }));
  try {
    const read = now();
    const program = restoreProgram(kept, await bytesOfPart(pools!));
    const resident = await ResidentProgram.create(program, machine);
    throwIfAborted(options.signal, "Loading the model");
    await restoreConstants(constants!, machine, resident);
    await machine.ready;
    options.onProgress?.({ phase: "weights", fraction: 1 });
    const timesMs = { read: read - start, engine: machine.compileTimeMs, weights: now() - read };
    return executableOf({ program, machine, resident, module, functions, timesMs });
  } catch (e) {
    machine.dispose();
    throw e;
  }
}
