// Bytes → graph → inferred graph → passes → program of kernels: the road above the targets, with every stage at hand.
import { readOnnx } from "../frontends/onnx/index.js";
import type { Graph } from "../graph/graph.js";
import { infer, needsConcreteDims } from "../graph/infer.js";
import { partition } from "../graph/partition/partition.js";
import type { PassReport } from "../graph/pass.js";
import { runPasses } from "../graph/pass.js";
import { defaultPasses } from "../graph/passes/index.js";
import type { KernelProgram } from "../graph/program.js";
import { domainsOf } from "../graph/values.js";
import { otherDomains } from "../ops/index.js";
import type { Registry } from "../ops/registry.js";
import { createRegistry, operatorsBeside } from "../ops/registry.js";
import type { LoadOptions, ModelSource } from "../runtime/api.js";
import { now } from "../runtime/platform.js";
import type { ByteSource } from "../support/byte-source.js";
import { memorySource } from "../support/byte-source.js";
import { checkPasses } from "./check-options.js";
import { editKernels } from "./edit-kernels.js";
import { openModel } from "./source.js";

export interface Prepared {
  readonly registry: Registry;
  /** after passes */
  readonly graph: Graph;
  readonly passes: readonly PassReport[];
  readonly notes: readonly string[];
  readonly close: () => void | Promise<void>;
}

export async function readModel(
  given: ModelSource,
  options: LoadOptions,
): Promise<{ graph: Graph; close: Prepared["close"] }> {
  const opened = await openModel(given, options.signal);
  const { readExternal } = options;
  const open = readExternal
    ? async (name: string) => memorySource(await readExternal(name), name)
    : opened.openExternal;
  /** the model's own file and those that it names: read from until the model is disposed */
  const sources: ByteSource[] = [opened.source];
  const openExternal =
    open &&
    (async (name: string) => {
      const source = await open(name);
      sources.push(source);
      return source;
    });
  const close = async (): Promise<void> => {
    for (const source of sources) await source.close?.();
  };
  try {
    options.onProgress?.({ phase: "read", fraction: 0 });
    const graph = await readOnnx(opened.source, {
      ...(options.dims ? { dims: options.dims } : {}),
      ...(openExternal ? { openExternal } : {}),
    });
    options.onProgress?.({ phase: "read", fraction: 1 });
    return { graph, close };
  } catch (e) {
    await close();
    throw e;
  }
}

/** Inference and passes; the list of passes is the caller's to change. */
export async function prepareGraph(
  graph: Graph,
  registry: Registry,
  options: LoadOptions,
): Promise<Pick<Prepared, "graph" | "passes" | "notes">> {
  const notes: string[] = [];
  const builtIn = defaultPasses(registry, { onNote: n => notes.push(n) });
  const list = options.passes ? checkPasses(options.passes(builtIn)) : builtIn;
  const passes: PassReport[] = [];
  const done = await runPasses(graph, list, {
    now,
    signal: options.signal,
    onPass: report => {
      passes.push(report);
      options.onProgress?.({ phase: "graph", fraction: passes.length / list.length });
    },
  });
  return { graph: infer(done, registry), passes, notes };
}

/** The user's operators, those of ai.onnx, and those of other domains where the graph names one. */
export async function registryFor(graph: Graph, { operators, passes }: LoadOptions): Promise<Registry> {
  // what a user's pass or expansion may put in is not known before it runs
  const any = passes !== undefined || operators?.some(o => o.expand);
  const others = await operatorsBeside(any ? new Set(otherDomains) : domainsOf(graph));
  return createRegistry(operators, others);
}

export function programOf(graph: Graph, registry: Registry, options: LoadOptions = {}): KernelProgram {
  const program = partition(graph, registry);
  return options.editKernels ? editKernels(program, options.editKernels) : program;
}

/** Why the graph can't be compiled before its input dims are known; undefined: it can. */
export const whyConcrete = (graph: Graph): string | undefined => needsConcreteDims(graph);
