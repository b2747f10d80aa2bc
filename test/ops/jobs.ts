// Many small graphs run as one program: a module, a memory plan and a machine for hundreds of cases.
import type { Graph, GraphNode, Value } from "../../src/graph/graph.js";
import type { Pass } from "../../src/graph/pass.js";
import type { KernelProgram } from "../../src/graph/program.js";
import { mapSubgraphs } from "../../src/graph/values.js";
import { prepareGraph, programOf } from "../../src/load/prepare.js";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import type { Registry } from "../../src/ops/registry.js";
import { fromTensorData, toTensorData } from "../../src/testing/difference.js";
import type { TargetUnderTest } from "./subjects.js";

/** A graph after inference and passes, and its inputs by name. */
export interface Job {
  readonly name: string;
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, ReferenceTensor>>;
}
export type Outcome = readonly ReferenceTensor[] | Error;

const jobsInAProgram = 100;

/** names of values are unique in a batch whatever the cases are called */
let jobs = 0;

/** @throws what inference and passes throw */
export async function prepareJob(name: string, graph: Graph, inputs: Job["inputs"], registry: Registry): Promise<Job> {
  const prefix = `${name} #${jobs++}: `;
  // what draws without a seed of its own is compared with nothing
  const passes = (list: readonly Pass[]) => list.filter(p => p.name !== "seed-draws");
  const { graph: prepared } = await prepareGraph(prefixed(graph, prefix), registry, { passes });
  // content that became a constant is no input any more
  const named = graph.inputs.map(v => [prefix + v.name, inputs[v.name]!] as const);
  return { name, graph: prepared, inputs: Object.fromEntries(named) };
}

/** A Gradient asks for values by their names. */
const namedValues = (attributes: GraphNode["attributes"], prefix: string): GraphNode["attributes"] =>
  Object.fromEntries(
    Object.entries(attributes).map(([k, v]) => [
      k,
      typeof v === "string" ? prefix + v : (v as readonly string[]).map(name => prefix + name),
    ]),
  );

/** All values and nodes under names of their own. */
function prefixed(graph: Graph, prefix: string): Graph {
  const renamed = new Map<Value, Value>();
  const value = (v: Value): Value => {
    const known = renamed.get(v) ?? { ...v, name: prefix + v.name };
    renamed.set(v, known);
    return known;
  };
  const node = (n: GraphNode): GraphNode => ({
    ...mapSubgraphs(n, inner),
    ...(n.op === "Gradient" ? { attributes: namedValues(n.attributes, prefix) } : {}),
    name: prefix + n.name,
    inputs: n.inputs.map(v => v && value(v)),
    outputs: n.outputs.map(v => v && value(v)),
  });
  const inner = (g: Graph): Graph => ({
    ...g,
    inputs: g.inputs.map(value),
    nodes: g.nodes.map(node),
    outputs: g.outputs.map(value),
  });
  return inner(graph);
}

/**
 * Runs the jobs in batches; where a batch fails as a whole, its halves run apart, so that a failure has one name. Jobs that are
 * `alone` (known gaps) spoil no batch.
 */
export async function runJobs(
  under: TargetUnderTest,
  jobs: readonly Job[],
  registry: Registry,
  alone: (job: Job) => boolean = () => false,
): Promise<ReadonlyMap<Job, Outcome>> {
  const outcomes = new Map<Job, Outcome>();
  const together = jobs.filter(j => !alone(j));
  for (let i = 0; i < together.length; i += jobsInAProgram)
    await runTogether(under, together.slice(i, i + jobsInAProgram), registry, outcomes);
  for (const job of jobs.filter(alone)) await runTogether(under, [job], registry, outcomes);
  return outcomes;
}

async function runTogether(
  under: TargetUnderTest,
  jobs: readonly Job[],
  registry: Registry,
  into: Map<Job, Outcome>,
): Promise<void> {
  try {
    const results = await runOnce(under, jobs, registry);
    for (const job of jobs)
      into.set(
        job,
        job.graph.outputs.map(v => results.get(v.name)!),
      );
  } catch (error) {
    if (jobs.length === 1) into.set(jobs[0]!, error as Error);
    else {
      const half = jobs.length >> 1;
      await runTogether(under, jobs.slice(0, half), registry, into);
      await runTogether(under, jobs.slice(half), registry, into);
    }
  }
}

/** What a batch is partitioned into is the same for all targets. */
const programs = new WeakMap<Job, { readonly jobs: readonly Job[]; readonly program: KernelProgram }>();

function programOfJobs(jobs: readonly Job[], registry: Registry): KernelProgram {
  const known = programs.get(jobs[0]!);
  if (known?.jobs.length === jobs.length && known.jobs.every((job, i) => job === jobs[i])) return known.program;
  const graphs = jobs.map(j => j.graph);
  const merged: Graph = {
    name: "cases",
    inputs: graphs.flatMap(g => g.inputs),
    outputs: graphs.flatMap(g => g.outputs),
    nodes: graphs.flatMap(g => g.nodes),
    symbols: graphs.flatMap(g => g.symbols),
  };
  const program = programOf(merged, registry);
  programs.set(jobs[0]!, { jobs, program });
  return program;
}

async function runOnce(
  { target, threads }: TargetUnderTest,
  jobs: readonly Job[],
  registry: Registry,
): Promise<ReadonlyMap<string, ReferenceTensor>> {
  // threads take part in runs that are this short too
  const options = { threads, engineFlags: "never", shortRunMs: 0 } as const;
  const executable = await target.compile(programOfJobs(jobs, registry), options);
  try {
    const inputs = jobs.flatMap(j => Object.entries(j.inputs).map(([n, t]) => [n, toTensorData(t)] as const));
    const results = await executable.run(new Map(inputs));
    return new Map([...results].map(([n, t]) => [n, fromTensorData(t)]));
  } finally {
    executable.dispose();
  }
}
