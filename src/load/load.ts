// load(): the composition root. Chooses target and threads, and compiles once, or on first use where ranks depend on dims.

import { usesHost } from "../graph/cut.js";
import type { Graph, ValueType } from "../graph/graph.js";
import type { LoadOptions, Model, ModelSource, Report, TensorInfo } from "../runtime/api.js";
import { canShareMemory, coreCount } from "../runtime/platform.js";
import { Session } from "../runtime/session.js";
import type { CompileOptions } from "../runtime/target.js";
import { AzulejoError } from "../support/errors.js";
import { checkOptions, checkPinnedKernels } from "./check-options.js";
import type { CompileContext, Runnable } from "./compiled-graph.js";
import { CompiledGraph } from "./compiled-graph.js";
import { CutGraph } from "./cut-graph.js";
import { prepareGraph, readModel, registryFor } from "./prepare.js";
import { targetOf } from "./targets.js";

const MAX_DEFAULT_THREADS = 8;

/**
 * Reads, compiles and returns a model.
 * @throws AzulejoError with codes model-format, model-external-data, operator-unknown, operator-unsupported, option, aborted, …
 */
export async function load(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
  checkOptions(options);
  const chosen = { target: await targetOf(options), compileOptions: compileOptionsOf(options) };
  const { graph, close } = await readModel(source, options);
  chosen.target.begin?.(chosen.compileOptions);
  try {
    const registry = await registryFor(graph, options);
    const context: CompileContext = { ...chosen, registry, options, cutApart: CutGraph.create };
    const prepared = await prepareGraph(graph, context.registry, options);
    const info = {
      name: graph.name,
      inputs: graph.inputs.map(tensorInfo),
      outputs: prepared.graph.outputs.map(tensorInfo),
      passes: prepared.passes,
      notes: [...prepared.notes],
    };
    const runnable = await runnableOf(prepared.graph, context);
    const waits = runnable instanceof CompiledGraph ? runnable.waits : undefined;
    if (runnable instanceof CompiledGraph && waits === undefined) checkPins(options, runnable);
    if (waits !== undefined) info.notes.push(`compiled on first use of each set of input dims: ${waits}`);
    return sessionOf(info, runnable, close);
  } catch (e) {
    await close();
    throw e;
  } finally {
    chosen.target.abandon?.();
  }
}

function checkPins({ schedules }: LoadOptions, compiled: CompiledGraph): void {
  try {
    checkPinnedKernels(schedules, compiled.report().kernels);
  } catch (e) {
    compiled.dispose();
    throw e;
  }
}

/** The graph went through inference and passes. */
const runnableOf = (graph: Graph, context: CompileContext): Promise<CompiledGraph | CutGraph> =>
  usesHost(graph, context.registry) ? CutGraph.create(graph, context) : CompiledGraph.create(graph, context);

interface ModelInfo {
  readonly name: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly passes: Report["passes"];
  readonly notes: string[];
}
function sessionOf(info: ModelInfo, runnable: Runnable, close: () => void | Promise<void>): Model {
  return new Session({
    ...info,
    run: (inputs, options) => runnable.run(inputs, options),
    report: () => {
      const r = runnable.report();
      return { ...r, model: info.name, passes: info.passes, notes: [...info.notes, ...r.notes] };
    },
    dispose: () => {
      runnable.dispose();
      void close();
    },
  });
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

const tensorInfo = (v: Graph["inputs"][number]): TensorInfo => ({ name: v.name, ...typeInfo(v) });
function typeInfo({ dtype, dims, text, container }: ValueType): Omit<TensorInfo, "name"> {
  if (container) return { ...typeInfo(container.of), container: container.kind };
  return { dtype: text ? "string" : dtype!, dims: dims?.map(d => (d.isConst ? d.constant : d.print())) };
}
