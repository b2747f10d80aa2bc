// traceModel(): what every stage of the compiler made of a model, as data. Compiles, and runs nothing.
import { cut, segmentsOf, usesHost } from "../graph/cut.js";
import type { Graph, Value } from "../graph/graph.js";
import { printGraph } from "../graph/print.js";
import type { Decision } from "../graph/partition/fusion.js";
import { everyNode } from "../graph/values.js";
import { bytesOf } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { Kernel } from "../ir/tile.js";
import type { Registry } from "../ops/registry.js";
import type { LoadOptions, ModelSource } from "../runtime/api.js";
import type { Trace } from "../trace/trace.js";
import { checkOptions } from "./check-options.js";
import { editedProgramOf, prepareGraph, readModel, registryFor, whyConcrete } from "./prepare.js";
import { amountOf, PartTracer } from "./trace-program.js";

/** @throws AzulejoError as load() does */
export async function traceModel(source: ModelSource, options: LoadOptions = {}): Promise<Trace> {
  checkOptions(options);
  const { graph: read, close } = await readModel(source, options);
  try {
    const registry = await registryFor(read, options);
    const texts: string[] = [];
    const prepared = await prepareGraph(read, registry, options, graph => texts.push(printGraph(graph)));
    const readText = printGraph(read);
    const passes = prepared.passes.map((pass, i) => {
      const changed = texts[i] !== (texts[i - 1] ?? readText);
      return { ...pass, ...(changed ? { text: texts[i]! } : {}) };
    });
    const { graph } = prepared;
    const tracer = await PartTracer.for(options);
    const segments = usesHost(graph, registry) ? [...segmentsOf(cut(graph, registry))].map(s => s.graph) : [graph];
    const parts = [];
    for (const part of segments) {
      const named = segments.length > 1 || part !== graph ? { name: part.name } : {};
      parts.push({ ...named, ...(await tracePart(part, registry, options, tracer)) });
    }
    return {
      name: read.name,
      target: tracer.target,
      inputs: read.inputs.map(typeOf),
      outputs: graph.outputs.map(typeOf),
      dims: Object.entries(options.dims ?? {}).map(([name, size]) => `${name} = ${size}`),
      graph: { read: readText, passes, text: printGraph(graph) },
      parts,
      notes: prepared.notes,
    };
  } finally {
    await close();
  }
}

async function tracePart(graph: Graph, registry: Registry, options: LoadOptions, tracer: PartTracer) {
  const reason = whyConcrete(graph);
  if (reason !== undefined)
    return { steps: [], note: `It is compiled for the dims of a run, because ${reason}; fix them with dims to see it` };
  const decisions = new Map<Kernel, readonly Decision[]>();
  const program = await editedProgramOf(graph, registry, options, {
    sources: true,
    onDecisions: (kernel, list) => decisions.set(kernel, list),
  });
  const values = valuesByName(graph);
  return tracer.trace(program, kernel =>
    (decisions.get(kernel) ?? []).map(decision => {
      const value = values.get(decision.value);
      const bytes = value?.dims && value.dtype ? Poly.product(value.dims).mul(bytesOf(value.dtype)) : undefined;
      return { ...decision, ...(bytes ? { bytes: amountOf(bytes) } : {}) };
    }),
  );
}

const valuesByName = (graph: Graph): ReadonlyMap<string, Value> =>
  new Map([...everyNode(graph)].flatMap(n => n.outputs.flatMap(v => (v ? [[v.name, v] as const] : []))));

function typeOf({ name, dtype, dims, text, container }: Value): string {
  const of = container?.kind ?? (text ? "text" : (dtype ?? "any"));
  return `${name}: ${of}${dims ? `[${dims.map(d => d.print()).join(", ")}]` : ""}`;
}
