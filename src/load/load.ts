// load(): the composition root. Chooses target and threads, and compiles once, or on first use where ranks depend on dims.

import { concretize } from "../graph/concretize.js";
import type { Graph } from "../graph/graph.js";
import type { KernelProgram } from "../graph/program.js";
import { fits } from "../graph/program-dims.js";
import type { Registry } from "../ops/registry.js";
import type { LoadOptions, Model, ModelSource, Report, TensorInfo } from "../runtime/api.js";
import { canShareMemory, coreCount } from "../runtime/platform.js";
import { Session } from "../runtime/session.js";
import type { CompileOptions, Executable, Target, TargetReport } from "../runtime/target.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError } from "../support/errors.js";
import { interpreterTarget } from "../targets/interpreter/target.js";
import { wasmTarget } from "../targets/wasm/target.js";
import { prepareGraph, programOf, readModel, registryFor, whyConcrete } from "./prepare.js";

const MAX_DEFAULT_THREADS = 8;

/**
 * Reads, compiles and returns a model.
 * @throws AzulejoError with codes model-format, model-external-data, operator-unknown, operator-unsupported, option, aborted, …
 */
export async function load(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  const target = targetOf(options);
  const compileOptions = compileOptionsOf(options);
  const registry = registryFor(options);
  const { graph, close } = await readModel(source, options);
  target.begin?.(compileOptions);
  try {
    const prepared = await prepareGraph(graph, registry, options);
    const info = {
      name: graph.name,
      inputs: graph.inputs.map(tensorInfo),
      outputs: prepared.graph.outputs.map(tensorInfo),
      passes: prepared.passes,
      notes: [...prepared.notes],
    };
    const perDims = new PerDims(prepared.graph, registry, options, target, compileOptions);
    const reason = whyConcrete(prepared.graph);
    if (reason !== undefined) {
      info.notes.push(`compiled on first use of each set of input dims: ${reason}`);
      return sessionOf(info, perDims, undefined, close);
    }
    const program = programOf(prepared.graph, registry, options);
    const executable = await target.compile(program, compileOptions);
    return sessionOf(info, perDims, { program, executable }, close);
  } catch (e) {
    await close();
    throw e;
  } finally {
    target.abandon?.();
  }
}

interface ModelInfo {
  readonly name: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly passes: Report["passes"];
  readonly notes: string[];
}
/** `general` serves all dims that it was compiled for; other dims are compiled on first use. */
function sessionOf(
  info: ModelInfo,
  perDims: PerDims,
  general: { readonly program: KernelProgram; readonly executable: Executable } | undefined,
  close: () => void | Promise<void>,
): Model {
  const report = (): TargetReport => (general && !perDims.used ? general.executable.report() : perDims.report());
  return new Session({
    ...info,
    executableFor: (inputs, signal) => {
      if (general && fits(general.program, name => inputs.get(name)?.dims)) return general.executable;
      return perDims.executableFor(inputs, signal);
    },
    report: () => {
      const r = report();
      return { ...r, model: info.name, passes: info.passes, notes: [...info.notes, ...r.notes] };
    },
    dispose: () => {
      general?.executable.dispose();
      perDims.dispose();
      void close();
    },
  });
}

/** One executable per set of input dims. The graph is made concrete, so that what depends on dims is known. */
class PerDims {
  readonly #graph: Graph;
  readonly #registry: Registry;
  readonly #options: LoadOptions;
  readonly #target: Target;
  readonly #compileOptions: CompileOptions;
  readonly #made = new Map<string, Promise<Executable>>();
  /** inputs whose content decides what is compiled, beside their dims: the sample rate of a model for two */
  readonly #deciding = new Set<string>();
  #last: Executable | undefined;

  constructor(graph: Graph, registry: Registry, options: LoadOptions, target: Target, compileOptions: CompileOptions) {
    this.#graph = graph;
    this.#registry = registry;
    this.#options = options;
    this.#target = target;
    this.#compileOptions = compileOptions;
  }
  get used(): boolean {
    return this.#last !== undefined;
  }
  async executableFor(inputs: ReadonlyMap<string, TensorData>, signal: AbortSignal | undefined): Promise<Executable> {
    const key = this.#keyOf(inputs);
    let made = this.#made.get(key);
    if (!made) {
      made = this.#compile(inputs, signal);
      this.#made.set(key, made);
      made.catch(() => this.#made.delete(key));
    }
    this.#last = await made;
    return this.#last;
  }
  #keyOf(inputs: ReadonlyMap<string, TensorData>): string {
    const dims = [...inputs].map(([name, t]) => [name, t.dims]);
    return JSON.stringify([dims, [...this.#deciding].map(name => numbersOf(inputs.get(name)!))]);
  }
  async #compile(inputs: ReadonlyMap<string, TensorData>, signal: AbortSignal | undefined): Promise<Executable> {
    const options = { ...this.#options, ...(signal ? { signal } : {}) };
    const key = this.#keyOf(inputs);
    const dims = Object.fromEntries([...inputs].map(([name, t]) => [name, t.dims]));
    const { graph, deciding } = await concretize(this.#graph, dims, {
      registry: this.#registry,
      prepare: async g => (await prepareGraph(g, this.#registry, options)).graph,
      contentOf: name => numbersOf(inputs.get(name)!),
    });
    const executable = await this.#target.compile(
      programOf(graph, this.#registry, this.#options),
      this.#compileOptions,
    );
    // from now on their content is part of the key; what was just compiled is found under the new one
    if (deciding.length > 0) {
      this.#made.delete(key);
      for (const name of deciding) this.#deciding.add(name);
      this.#made.set(this.#keyOf(inputs), Promise.resolve(executable));
    }
    return executable;
  }
  report(): TargetReport {
    if (this.#last) return this.#last.report();
    return {
      target: this.#target.name,
      threads: this.#compileOptions.threads,
      codeBytes: 0,
      functions: 0,
      kernels: [],
      constantBytes: 0,
      arenaBytes: 0,
      arenaLowerBoundBytes: 0,
      flags: [],
      notes: ["nothing is compiled before the first run"],
      timesMs: {},
    };
  }
  dispose(): void {
    for (const made of this.#made.values())
      made.then(
        e => e.dispose(),
        () => {},
      );
  }
}

export function targetOf(options: Pick<LoadOptions, "target">): Target {
  const name = options.target ?? "wasm";
  if (name === "wasm") return wasmTarget();
  if (name === "interpreter") return interpreterTarget;
  throw new AzulejoError("option", `target: "${String(name)}" is not one of "wasm", "interpreter"; choose one of them`);
}

export function compileOptionsOf(
  options: Pick<LoadOptions, "threads" | "engineFlags" | "onProgress" | "schedules" | "signal">,
): CompileOptions {
  const threads = options.threads ?? (canShareMemory() ? Math.min(MAX_DEFAULT_THREADS, coreCount()) : 1);
  if (!Number.isInteger(threads) || threads < 1 || threads > 64)
    throw new AzulejoError(
      "option",
      `threads: ${String(options.threads)} is not a whole number from 1 to 64; leave it out for the default`,
    );
  const engineFlags = options.engineFlags ?? "auto";
  if (engineFlags !== "auto" && engineFlags !== "never")
    throw new AzulejoError(
      "option",
      `engineFlags: "${String(engineFlags)}" is not one of "auto", "never"; choose one of them`,
    );
  return {
    threads: canShareMemory() ? threads : 1,
    engineFlags,
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.schedules ? { schedules: options.schedules } : {}),
  };
}

const tensorInfo = (v: Graph["inputs"][number]): TensorInfo => ({
  name: v.name,
  dtype: v.dtype!,
  dims: v.dims?.map(d => (d.isConst ? d.constant : d.print())),
});

const numbersOf = (t: TensorData): number[] => Array.from(t.data as ArrayLike<number | bigint>, Number);
