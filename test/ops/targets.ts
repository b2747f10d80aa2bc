// The road from a case to a target: content that operators need becomes constants, then passes, partition, compile, run.
import { constantValue } from "../../src/graph/constants.js";
import type { Graph, Value } from "../../src/graph/graph.js";
import type { KernelProgram } from "../../src/graph/program.js";
import { substituteValues } from "../../src/graph/values.js";
import { prepareGraph, programOf } from "../../src/load/prepare.js";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import type { Element } from "../../src/ops/reference-tensors.js";
import type { Registry } from "../../src/ops/registry.js";
import type { Target } from "../../src/runtime/target.js";
import type { Subject } from "./run-suite.js";
import type { TargetUnderTest } from "./subjects.js";
import { nameOf } from "./subjects.js";
import { contentInputs } from "./suite.js";
import { fromTensorData, toTensorData } from "./tensors.js";

type Tensors = Readonly<Record<string, ReferenceTensor>>;

/** The graph with some inputs turned into constants. */
function withConstants(graph: Graph, constants: ReadonlySet<Value>, inputs: Tensors): Graph {
  const made = new Map<Value, Value>();
  for (const v of constants) {
    const { dtype, dims, data } = inputs[v.name]!;
    made.set(v, constantValue(v.name, dtype, dims, Array.from(data as ArrayLike<Element>)));
  }
  const bound = substituteValues(graph, v => made.get(v) ?? v);
  return { ...bound, inputs: graph.inputs.filter(v => !constants.has(v)) };
}

export async function programOfCase(
  graph: Graph,
  inputs: Tensors,
  registry: Registry,
  constants: ReadonlySet<Value> = contentInputs(graph, registry),
): Promise<KernelProgram> {
  const prepared = await prepareGraph(withConstants(graph, constants, inputs), registry, {});
  return programOf(prepared.graph, registry);
}

export async function runOnTarget(
  target: Target,
  threads: number,
  program: KernelProgram,
  inputs: Tensors,
): Promise<readonly ReferenceTensor[]> {
  const executable = await target.compile(program, { threads, engineFlags: "never" });
  try {
    const results = await executable.run(new Map(program.inputs.map(b => [b.name, toTensorData(inputs[b.name]!)])));
    return program.outputs.map(b => fromTensorData(results.get(b.name)!));
  } finally {
    executable.dispose();
  }
}

export const targetSubject = (under: TargetUnderTest, registry: Registry): Subject => ({
  name: nameOf(under),
  slow: under.slow,
  run: async ({ graph, inputs }) =>
    runOnTarget(under.target, under.threads, await programOfCase(graph, inputs, registry), inputs),
});
