// A graph of tensors becomes something that runs: compiled once for its symbols where that is possible, else for the dims and contents
// of a run. No host steps.

import { concretize } from "../graph/concretize.js";
import type { ContentSymbols } from "../graph/content-symbols.js";
import { withContentSymbols } from "../graph/content-symbols.js";
import { cut } from "../graph/cut.js";
import type { Graph } from "../graph/graph.js";
import type { KernelProgram } from "../graph/program.js";
import type { Registry } from "../ops/registry.js";
import type { LoadOptions } from "../runtime/api.js";
import type { CompileOptions, RunOptions, Target } from "../runtime/target.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError } from "../support/errors.js";
import { CompiledGraph, emptyReport, type ForRun, numbersOf, PerRun, type Runnable } from "./compiled-graph.js";
import type { ModelStore } from "./model-store.js";
import { prepareGraph, programOf, whyConcrete } from "./prepare.js";

export interface CompileContext {
  readonly registry: Registry;
  readonly options: LoadOptions;
  readonly target: Target;
  readonly compileOptions: CompileOptions;
  /** runs a graph that must be cut: its parts decide what the others are */
  readonly cutApart: (graph: Graph, context: CompileContext) => Promise<Runnable>;
}

/** The graph went through inference and passes. `store`: where programs for single runs are kept. */
export async function compileGraph(graph: Graph, context: CompileContext, store?: ModelStore): Promise<CompiledGraph> {
  const waits = whyConcrete(graph);
  const perRun = new PerRun({
    symbols: graph.symbols,
    compile: (inputs, run) => compileForRun(graph, context, inputs, run),
    empty: emptyReport(context.target.name, context.compileOptions.threads),
    ...(store ? { store: { store, options: context.compileOptions } } : {}),
  });
  const made =
    waits === undefined
      ? { program: programOf(graph, context.registry, context.options), contents: new Map() }
      : await openedByContents(graph, context);
  if (!made) return new CompiledGraph(undefined, perRun, waits);
  const executable = await context.target.compile(made.program, context.compileOptions);
  return new CompiledGraph({ executable, contents: made.contents }, perRun, undefined);
}

/** The program with contents of inputs as symbols, if that closes what is open. */
async function openedByContents(
  graph: Graph,
  { registry, options }: CompileContext,
): Promise<{ readonly program: KernelProgram; readonly contents: ContentSymbols["contents"] } | undefined> {
  const symbolic = withContentSymbols(graph, registry);
  if (!symbolic) return undefined;
  try {
    const prepared = (await prepareGraph(symbolic.graph, registry, options)).graph;
    if (whyConcrete(prepared) !== undefined) return undefined;
    const program = programOf(prepared, registry, options);
    const preconditions = [...program.preconditions, ...symbolic.preconditions];
    return { program: { ...program, preconditions }, contents: symbolic.contents };
  } catch (error) {
    // an operator that wants numbers gets them when they are known
    if (error instanceof AzulejoError && error.code === "operator-unsupported") return undefined;
    throw error;
  }
}

/** The graph is made concrete, so that what depends on dims is known. */
export async function compileForRun(
  whole: Graph,
  context: CompileContext,
  inputs: ReadonlyMap<string, TensorData>,
  run: RunOptions,
): Promise<ForRun> {
  const { registry, target, compileOptions } = context;
  const options = { ...context.options, ...(run.signal ? { signal: run.signal } : {}) };
  const dims = Object.fromEntries([...inputs].map(([name, t]) => [name, t.dims]));
  const { graph, deciding, open } = await concretize(whole, dims, {
    registry,
    prepare: async g => (await prepareGraph(g, registry, options)).graph,
    contentOf: name => numbersOf(inputs.get(name)!),
    symbols: run.symbols,
  });
  if (open !== undefined) return { runnable: await cutApart(graph, open, context), deciding };
  const executable = await target.compile(programOf(graph, registry, options), compileOptions);
  return { runnable: executable, executable, deciding };
}

/** What the graph computes decides what follows: that part runs first. */
function cutApart(graph: Graph, reason: string, context: CompileContext): Promise<Runnable> {
  if (cut(graph, context.registry).steps.length < 2)
    throw new AzulejoError(
      "operator-unsupported",
      `${reason}, and neither the dims of the inputs nor their content decide it; split the model, or export it for fixed dims`,
    );
  return context.cutApart(graph, context);
}
