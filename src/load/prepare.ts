// Bytes → graph → inferred graph → passes → program of kernels: the road above the targets, with every stage at hand.
import { readOnnx } from "../frontends/onnx/index.js";
import type { Graph } from "../graph/graph.js";
import { infer, needsConcreteDims } from "../graph/infer.js";
import { partition, type PartitionOptions } from "../graph/partition/partition.js";
import type { PassReport } from "../graph/pass.js";
import { runPasses } from "../graph/pass.js";
import { defaultPasses, isQuantized } from "../graph/passes/index.js";
import type { KernelProgram } from "../graph/program.js";
import { kernelsOf } from "../graph/program.js";
import { everyNode } from "../graph/values.js";
import type { Registry } from "../ops/registry.js";
import { createRegistry, operatorsBeside } from "../ops/registry.js";
import type { LoadOptions, ModelSource } from "../runtime/api.js";
import { now } from "../runtime/platform.js";
import { checkPasses } from "./check-options.js";
import { refuseDebug } from "./refuse-debug.js";
import { type OpenedModel, openModel } from "./source.js";
import { integerProductsOf, wideProductsOf } from "./targets.js";

export interface Prepared {
  /** after passes */
  readonly graph: Graph;
  readonly passes: readonly PassReport[];
  readonly notes: readonly string[];
}

/** Opens and reads a model; `close` when its weights are no longer needed. */
export async function readModel(
  given: ModelSource,
  options: LoadOptions,
): Promise<{ graph: Graph; close: OpenedModel["close"] }> {
  const opened = await openModel(given, options);
  try {
    return { graph: await readGraph(opened, options), close: opened.close };
  } catch (e) {
    await opened.close();
    throw e;
  }
}
export async function readGraph(
  { source, openExternal }: OpenedModel,
  options: Pick<LoadOptions, "dims" | "onProgress">,
  declaredTypes = false,
): Promise<Graph> {
  options.onProgress?.({ phase: "read", fraction: 0 });
  const graph = await readOnnx(source, {
    ...(options.dims ? { dims: options.dims } : {}),
    ...(openExternal ? { openExternal } : {}),
    declaredTypes,
  });
  options.onProgress?.({ phase: "read", fraction: 1 });
  return graph;
}

/** Inference and passes; the list of passes is the caller's to change. `onGraph` sees the graph after each. */
export async function prepareGraph(
  graph: Graph,
  registry: Registry,
  options: LoadOptions,
  onGraph: (graph: Graph) => void = () => {},
): Promise<Prepared> {
  const notes: string[] = [];
  const builtIn = defaultPasses(registry, {
    onNote: n => notes.push(n),
    integerProducts: () => integerProductsOf(options),
    wideProducts: wideProductsOf(options),
  });
  const list = options.passes ? checkPasses(options.passes(builtIn)) : builtIn;
  const passes: PassReport[] = [];
  const done = await runPasses(graph, list, {
    now,
    signal: options.signal,
    onPass: (report, current) => {
      passes.push(report);
      onGraph(current);
      options.onProgress?.({ phase: "graph", fraction: passes.length / list.length });
    },
  });
  // the list ends with an inference, if it is not the caller's
  return { graph: options.passes ? infer(done, registry) : done, passes, notes };
}

/** The user's operators, and those of the library that the graph names or may come to hold. */
export async function registryFor(graph: Graph, { operators, passes }: LoadOptions): Promise<Registry> {
  const nodes = [...everyNode(graph)];
  // what a user's pass or expansion may put in is not known before it runs
  const mayBeAny = passes !== undefined || (operators?.some(o => o.expand) ?? false);
  return createRegistry(
    operators,
    await operatorsBeside({ nodes, isQuantized: nodes.some(isQuantized), mayBeAny }, operators),
  );
}

export function programOf(
  graph: Graph,
  registry: Registry,
  options: LoadOptions = {},
  partitioning: PartitionOptions = {},
): KernelProgram {
  // what a watched run finds is told with its line
  const program = partition(graph, registry, options.sanitize ? { sources: true, ...partitioning } : partitioning);
  for (const kernel of kernelsOf(program)) refuseDebug(kernel);
  return program;
}
/** The same with the kernels that the caller edits. What prints and parses them is loaded where somebody does. */
export async function editedProgramOf(
  graph: Graph,
  registry: Registry,
  options: LoadOptions,
  partitioning: PartitionOptions = {},
): Promise<KernelProgram> {
  const program = programOf(graph, registry, options, partitioning);
  if (!options.editKernels) return program;
  return (await import("./edit-kernels.js")).editKernels(program, options.editKernels);
}

/** Why the graph can't be compiled before its input dims are known; undefined: it can. */
export const whyConcrete = (graph: Graph): string | undefined => needsConcreteDims(graph);
