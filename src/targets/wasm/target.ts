// The target "wasm": a whole model as one small module.
import type { KernelProgram } from "../../graph/program.js";
import { kernelsOf } from "../../graph/program.js";
import type { HostWorker } from "../../runtime/platform.js";
import { canShareMemory, now, sleep, throwIfAborted } from "../../runtime/platform.js";
import { namingIntrinsics } from "../../runtime/refused-code.js";
import type { CompileOptions, Executable, Target } from "../../runtime/target.js";
import type { TileProfile } from "../../schedule/machine-profile.js";
import { CompiledProgram } from "../cpu/compiled-program.js";
import { KernelLibrary } from "../cpu/kernel-library.js";
import { link } from "../cpu/link.js";
import type { LinkedProgram } from "../cpu/linked-program.js";
import { ResidentProgram } from "../cpu/resident-program.js";
import { isShort } from "../cpu/short-runs.js";
import { loadWeights } from "../cpu/weights.js";
import { FunctionList } from "./emit.js";
import { executableOf, machineOptions } from "./executable.js";
import { createMachine } from "./machine.js";
import { engine } from "./machine-engine.js";
import { type AssembledModule, assembleModule } from "./module.js";

export interface WasmTargetOptions {
  /** where memory can't be shared, or to force it: one worker with memory of its own */
  readonly shared?: boolean;
  readonly workerUrl?: string;
  /** asked by each compile() that needs one for a worker that waits for its first message */
  readonly takeWorker?: (() => HostWorker | undefined) | undefined;
  /** to compile as for another engine than this one */
  readonly tileProfile?: TileProfile;
}

export const wasmTarget = (target: WasmTargetOptions = {}): Target => ({
  name: "wasm",
  compile: (program, options) =>
    compile(program, options, target).catch(error => {
      throw namingIntrinsics(error, kernelsOf(program), "wasm");
    }),
});

async function compile(source: KernelProgram, options: CompileOptions, target: WasmTargetOptions): Promise<Executable> {
  const shared = target.shared ?? canShareMemory();
  const short = options.shortRunMs !== 0 && isShort(source);
  const making = new Making(source, options, { ...target, shared, short });
  const module = Promise.resolve().then(() => making.module());
  const made = createMachine(
    machineOptions(module, {
      ...options,
      ...target,
      shared,
      short,
      firstWorker: short ? undefined : target.takeWorker?.(),
    }),
  );
  // the engine has the module by then, and compiles it meanwhile
  const linking = module.then(() => sleep(0)).then(() => making.link());
  linking.catch(() => {});
  const machine = await made;
  try {
    const program = await linking;
    const { compiled, assembled } = making.made;
    const linked = now();
    const resident = await ResidentProgram.create(program, machine);
    await loadWeights(compiled, resident, machine, options);
    await machine.ready;
    const timesMs = { ...making.timesMs(), engine: machine.compileTimeMs, weights: now() - linked };
    return executableOf({ program, machine, resident, module: assembled, functions: making.functions, timesMs });
  } catch (e) {
    machine.dispose();
    throw e;
  }
}

interface MakingOptions extends WasmTargetOptions {
  readonly shared: boolean;
  /** see short-runs.ts */
  readonly short: boolean;
}
/** Kernels → module, with the time each part took. */
class Making {
  readonly #source: KernelProgram;
  readonly #options: CompileOptions;
  readonly #target: MakingOptions;
  readonly #times = { lower: 0, emit: 0 };
  #made: { readonly compiled: CompiledProgram; readonly assembled: AssembledModule } | undefined;
  functions = 0;

  constructor(source: KernelProgram, options: CompileOptions, target: MakingOptions) {
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
    const library = new KernelLibrary({ code: "wasm", features }, this.#options, funcs => {
      const from = now();
      list.add(funcs);
      emitMs.sum += now() - from;
    });
    const compiled = new CompiledProgram(this.#source, library);
    const lowered = now();
    this.#options.onProgress?.({ phase: "compile", fraction: 0.5 });
    const { functions, entries } = list;
    const assembled = assembleModule({ functions, entries, shared: this.#target.shared });
    this.#times.lower = lowered - start - emitMs.sum;
    this.#times.emit = emitMs.sum + now() - lowered;
    this.functions = functions.length;
    this.#made = { compiled, assembled };
    return assembled;
  }
  /** after the module is there, as the rest is */
  link(): LinkedProgram {
    const start = now();
    const program = link(this.made.compiled, this.#target.short);
    this.#times.lower += now() - start;
    return program;
  }
  get made(): { readonly compiled: CompiledProgram; readonly assembled: AssembledModule } {
    return this.#made!;
  }
  timesMs(): Readonly<Record<string, number>> {
    return { ...this.#times };
  }
}
