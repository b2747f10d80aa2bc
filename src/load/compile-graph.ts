// A graph of tensors becomes something that runs: compiled once for its symbols where that is possible, else for the dims and contents
// of a run. No host steps.

import { concretize } from "../graph/concretize.js";
import { cut, usesHost } from "../graph/cut.js";
import type { Graph } from "../graph/graph.js";
import { bindSymbols, equalitiesHold } from "../graph/specialize.js";
import type { Registry } from "../ops/registry.js";
import type { LoadOptions } from "../runtime/api.js";
import type { CompileOptions, RunOptions, Target } from "../runtime/target.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError } from "../support/errors.js";
import type { CompilerFlags } from "./compiler-flags.js";
import { CompiledGraph, emptyReport } from "./compiled-graph.js";
import type { ModelStore } from "./model-store.js";
import { openForRun } from "./open-for-run.js";
import { type ForRun, numbersOf, PerRun, type PerRunParts, type Runnable, symbolsFor } from "./per-run.js";
import { editedProgramOf, prepareGraph, whyConcrete } from "./prepare.js";

type Inputs = ReadonlyMap<string, TensorData>;

export interface CompileContext {
  readonly registry: Registry;
  readonly options: LoadOptions;
  readonly target: Target;
  readonly compileOptions: CompileOptions;
  readonly flags: CompilerFlags;
  /** runs a graph that must be cut: its parts decide what the others are */
  readonly cutApart: (prepared: Prepared, context: CompileContext) => Promise<Runnable>;
}

/** A graph that went through inference and passes, and what it was before them: it serves runs that break what they relied on. */
export interface Prepared {
  readonly graph: Graph;
  readonly read: Graph;
}

/** `store`: where programs for single runs are kept. */
export const compileGraph = (prepared: Prepared, context: CompileContext, store?: ModelStore): Promise<CompiledGraph> =>
  context.flags.during(() => compiledGraph(prepared, context, store));

async function compiledGraph(prepared: Prepared, context: CompileContext, store?: ModelStore): Promise<CompiledGraph> {
  const { graph } = prepared;
  const waits = whyConcrete(graph);
  const perRun = new PerRun({
    symbols: graph.symbols,
    compile: compilerOf(prepared, context),
    empty: emptyReport(context.target.name, context.compileOptions.threads),
    ...(store ? { store: { store, options: context.compileOptions } } : {}),
  });
  if (waits !== undefined) return new CompiledGraph(undefined, perRun, waits);
  const program = await editedProgramOf(graph, context.registry, context.options);
  const executable = await context.target.compile(program, context.compileOptions);
  return new CompiledGraph({ executable, contents: new Map() }, perRun, undefined);
}

/** Programs for runs that the graph's own does not fit. */
export function compilerOf({ graph, read }: Prepared, context: CompileContext): PerRunParts["compile"] {
  // what could not be opened for one run can't for others: its operators want numbers
  let opens = true;
  const compile: PerRunParts["compile"] = async (inputs, run) => {
    // wrong dims are told of before anything is compiled
    const numbers = bindSymbols(graph, dimsOf(inputs), run.symbols);
    if (!equalitiesHold(graph, numbers)) return compileForRun(read, context, inputs, run);
    const open = opens ? await openForRun(graph, context, inputs) : undefined;
    opens = open !== undefined;
    if (!open || !symbolsFor(open.program, open.contents, inputs, run.symbols))
      return compileForRun(graph, context, inputs, run);
    const executable = await context.target.compile(open.program, context.compileOptions);
    return { runnable: executable, general: { executable, contents: open.contents }, deciding: [] };
  };
  return (inputs, run) => context.flags.during(() => compile(inputs, run));
}

const dimsOf = (inputs: Inputs): Record<string, readonly number[]> =>
  Object.fromEntries([...inputs].map(([name, t]) => [name, t.dims]));

/** The graph is made concrete, so that what depends on dims is known. */
async function compileForRun(whole: Graph, context: CompileContext, inputs: Inputs, run: RunOptions): Promise<ForRun> {
  const { registry, target, compileOptions } = context;
  const options = { ...context.options, ...(run.signal ? { signal: run.signal } : {}) };
  const { graph, deciding, open } = await concretize(whole, dimsOf(inputs), {
    registry,
    prepare: async g => (await prepareGraph(g, registry, options)).graph,
    contentOf: name => numbersOf(inputs.get(name)!),
    symbols: run.symbols,
  });
  if (open !== undefined) return { runnable: await cutApart(graph, open, context), deciding };
  // only with its inputs' ranks does an operator say what it is made of
  if (usesHost(graph, registry)) return { runnable: await context.cutApart({ graph, read: graph }, context), deciding };
  const executable = await target.compile(await editedProgramOf(graph, registry, options), compileOptions);
  return { runnable: executable, general: { executable, contents: new Map() }, deciding };
}

/** What the graph computes decides what follows: that part runs first. */
function cutApart(graph: Graph, reason: string, context: CompileContext): Promise<Runnable> {
  if (cut(graph, context.registry).steps.length < 2)
    throw new AzulejoError(
      "operator-unsupported",
      `${reason}, and neither the dims of the inputs nor their content decide it; split the model, or export it for fixed dims`,
    );
  return context.cutApart({ graph, read: graph }, context);
}
