// The whole road: a model's file becomes something that runs. Behind a dynamic import, because a model that was kept needs none of it.

import { usesHost } from "../graph/cut.js";
import type { Graph } from "../graph/graph.js";
import { runSeedName } from "../graph/run-seed.js";
import type { LoadOptions } from "../runtime/api.js";
import type { CompileOptions } from "../runtime/target.js";
import type { WasmTargetOptions } from "../targets/wasm/target.js";
import type { CompilerFlags } from "./compiler-flags.js";
import { checkPinnedKernels } from "./check-options.js";
import { type CompileContext, compileGraph, compilerOf, type Prepared } from "./compile-graph.js";
import { CompiledGraph } from "./compiled-graph.js";
import type { CutGraph } from "./cut-graph.js";
import type { ModelInfo, ModelStore } from "./model-store.js";
import type { PerRunParts } from "./per-run.js";
import { prepareGraph, readGraph, registryFor } from "./prepare.js";
import type { OpenedModel } from "./source.js";
import { targetOf } from "./targets.js";
import { tensorInfo, withDeclared } from "./tensor-info.js";
import { withTuning } from "./tuning.js";

export interface CompileModelOptions {
  readonly options: LoadOptions;
  readonly compileOptions: CompileOptions;
  readonly flags: CompilerFlags;
  readonly takeWorker?: WasmTargetOptions["takeWorker"];
}

/** Host steps are rare: what runs them is loaded when there are some. */
const cutApart = async (prepared: Prepared, context: CompileContext): Promise<CutGraph> =>
  (await import("./cut-graph.js")).CutGraph.create(prepared, context);

/** @throws AzulejoError with codes model-format, model-external-data, operator-unknown, operator-unsupported, option, aborted, … */
export async function compileModel(
  opened: OpenedModel,
  given: CompileModelOptions,
  store: ModelStore | undefined,
): Promise<{ readonly info: ModelInfo; readonly runnable: CompiledGraph | CutGraph }> {
  return given.flags.during(async () => compileRead(await readGraph(opened, given.options), given, store));
}

/** `read` is as a front end gives it. */
export async function compileRead(
  read: Graph,
  given: CompileModelOptions,
  store?: ModelStore,
): Promise<{ readonly info: ModelInfo; readonly runnable: CompiledGraph | CutGraph }> {
  const { options } = given;
  const context = await contextOf(read, given);
  const { registry } = context;
  const { graph, passes, notes } = await prepareGraph(read, registry, options);
  const prepared = { graph, read };
  const runnable = usesHost(graph, registry)
    ? await cutApart(prepared, context)
    : await compileGraph(prepared, context, store);
  const waits = runnable instanceof CompiledGraph ? runnable.waits : undefined;
  if (runnable instanceof CompiledGraph && waits === undefined) checkPins(options, runnable);
  const info: ModelInfo = {
    name: read.name,
    inputs: read.inputs.map(tensorInfo),
    fixedInputs: read.fixedInputs,
    outputs: graph.outputs.map((v, i) => tensorInfo(withDeclared(v, read.outputs[i]!))),
    passes,
    ...(graph.inputs.some(v => v.name === runSeedName) ? { draws: true } : {}),
    notes:
      waits === undefined ? notes : [...notes, `compiled on first use, for inputs like those of the run: ${waits}`],
  };
  return { info, runnable };
}

/** For a model whose program for all dims was kept, and does not fit a run. */
export async function compilerForRuns(
  opened: OpenedModel,
  given: CompileModelOptions,
): Promise<PerRunParts["compile"]> {
  const read = await readGraph(opened, given.options);
  const context = await contextOf(read, given);
  const { graph } = await prepareGraph(read, context.registry, context.options);
  return compilerOf({ graph, read }, context);
}

async function contextOf(
  read: Graph,
  { options, compileOptions, takeWorker, flags }: CompileModelOptions,
): Promise<CompileContext> {
  const target = await targetOf(options, takeWorker);
  const registry = await registryFor(read, options);
  const tuned = await withTuning(compileOptions, options);
  return { registry, options, target, compileOptions: tuned, flags, cutApart };
}

function checkPins({ schedules }: LoadOptions, compiled: CompiledGraph): void {
  try {
    checkPinnedKernels(schedules, compiled.report().kernels);
  } catch (e) {
    compiled.dispose();
    throw e;
  }
}
