// Draws on a target: many as one program, which runs once for each set of dims that the draws have.
import type { Graph } from "../../../src/graph/graph.js";
import { programOf } from "../../../src/load/prepare.js";
import type { ReferenceTensor } from "../../../src/ops/operator.js";
import { AzulejoError } from "../../../src/support/errors.js";
import { fromTensorData, toTensorData } from "../../../src/testing/difference.js";
import type { Job } from "../jobs.js";
import { prepareJob } from "../jobs.js";
import type { TargetUnderTest } from "../subjects.js";
import type { Drawn } from "./draws.js";
import { registry } from "./draws.js";

/** A draw after passes; the first set of inputs is its own, the others are those of its resizings. */
interface VariedJob {
  readonly drawn: Drawn;
  readonly job: Job;
  readonly runs: readonly Job["inputs"][];
}
export type RunOutcome = readonly ReferenceTensor[] | Error;
/** by draw, one for each run */
export type RunOutcomes = Map<Drawn, RunOutcome[]>;

const jobsInAProgram = 100;

export async function prepareDraws(draws: readonly Drawn[]): Promise<{ jobs: VariedJob[]; failed: Map<Drawn, Error> }> {
  const jobs: VariedJob[] = [];
  const failed = new Map<Drawn, Error>();
  for (const drawn of draws)
    try {
      const { graph, inputs } = drawn.expected;
      const job = await prepareJob(drawn.label, graph, inputs, registry);
      const [first] = graph.inputs;
      const prefix = first ? Object.keys(job.inputs)[0]!.slice(0, -first.name.length) : "";
      const others = drawn.others.map(o =>
        Object.fromEntries(graph.inputs.map(v => [prefix + v.name, o.expected.inputs[v.name]!])),
      );
      jobs.push({ drawn, job, runs: [job.inputs, ...others] });
    } catch (e) {
      failed.set(drawn, e as Error);
    }
  return { jobs, failed };
}

export async function runDraws(under: TargetUnderTest, jobs: readonly VariedJob[]): Promise<RunOutcomes> {
  const outcomes: RunOutcomes = new Map(jobs.map(j => [j.drawn, []]));
  for (let i = 0; i < jobs.length; i += jobsInAProgram)
    await runTogether(under, jobs.slice(i, i + jobsInAProgram), outcomes);
  return outcomes;
}

async function runTogether(under: TargetUnderTest, jobs: readonly VariedJob[], into: RunOutcomes): Promise<void> {
  const before = jobs.length === 1 ? into.get(jobs[0]!.drawn)!.length : 0;
  const graphs = jobs.map(j => j.job.graph);
  const merged: Graph = {
    name: "draws",
    inputs: graphs.flatMap(g => g.inputs),
    outputs: graphs.flatMap(g => g.outputs),
    nodes: graphs.flatMap(g => g.nodes),
    symbols: graphs.flatMap(g => g.symbols),
  };
  try {
    const executable = await under.target.compile(programOf(merged, registry), {
      threads: under.threads,
      engineFlags: "never",
    });
    try {
      for (let run = 0; run < Math.max(...jobs.map(j => j.runs.length)); run++)
        await runOnce(executable, jobs, run, into);
    } finally {
      executable.dispose();
    }
  } catch (error) {
    if (jobs.length === 1) {
      const { drawn, runs } = jobs[0]!;
      const done = into.get(drawn)!;
      done.push(error as Error);
      // what other dims do is told by a run of their own
      const left = runs.slice(done.length - before);
      if (left.length > 0) await runTogether(under, [{ ...jobs[0]!, runs: left }], into);
      return;
    }
    for (const { drawn } of jobs) into.set(drawn, []);
    const half = jobs.length >> 1;
    await runTogether(under, jobs.slice(0, half), into);
    await runTogether(under, jobs.slice(half), into);
  }
}

type Executable = Awaited<ReturnType<TargetUnderTest["target"]["compile"]>>;

async function runOnce(
  executable: Executable,
  jobs: readonly VariedJob[],
  run: number,
  into: RunOutcomes,
): Promise<void> {
  // those with fewer sets of dims take their last once more
  const inputs = jobs.flatMap(j =>
    Object.entries(j.runs[Math.min(run, j.runs.length - 1)]!).map(([n, t]) => [n, toTensorData(t)] as const),
  );
  const results = new Map([...(await executable.run(new Map(inputs)))].map(([n, t]) => [n, fromTensorData(t)]));
  for (const { drawn, job, runs } of jobs)
    if (run < runs.length) into.get(drawn)!.push(job.graph.outputs.map(v => results.get(v.name)!));
}

/** The program relied on dims that these are not: a model would be compiled apart for them. */
export const isPrecondition = (e: unknown): boolean => e instanceof AzulejoError && e.code === "shape";
