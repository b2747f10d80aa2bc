// Random networks on WebAssembly, as every kind of engine gets them, give what the references give one layer after another.
// AZULEJO_SEED draws others.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import { interpreterTarget } from "../../src/targets/interpreter/target.js";
import { wasmTarget } from "../../src/targets/wasm/target.js";
import { difference } from "../../src/testing/difference.js";
import { evaluateReference } from "./evaluate-reference.js";
import { fullRegistry } from "./full-registry.js";
import type { Job, Outcome } from "./jobs.js";
import { prepareJob, runJobs } from "./jobs.js";
import { isInTurn } from "../rotation.js";
import { fullSweep } from "./large-cases.js";
import { operatorModules } from "./modules.js";
import type { Network } from "./networks.js";
import { graphOfNetwork, network } from "./networks.js";
import type { TargetUnderTest } from "./subjects.js";

const registry = fullRegistry();
const library = { registry, modules: operatorModules };
const seed = Number(process.env.AZULEJO_SEED ?? 1);
/** of 40 networks a half, the other one on the next day */
const networks = fc.sample(network, { seed, numRuns: fullSweep ? 1500 : 40 }).filter((_, i) => isInTurn(i, 2));
/** seven layers in f32, sums of up to a few thousand terms; of the largest value of an output, or of 1, about which all layers work */
const TOLERANCE = 2e-5;

interface Prepared {
  readonly network: Network;
  readonly want: readonly ReferenceTensor[];
  readonly jobs: Readonly<Record<"numbers" | "symbols", Job | Error>>;
}
const prepared: Promise<readonly Prepared[]> = (async () => {
  const out: Prepared[] = [];
  for (const [i, drawn] of networks.entries()) {
    const job = (symbolic: boolean): Promise<Job | Error> => {
      const { graph, inputs } = graphOfNetwork(drawn, symbolic);
      return prepareJob(`network ${i}`, graph, inputs, registry).catch((e: Error) => e);
    };
    const { graph, inputs } = graphOfNetwork(drawn, false);
    const want = await evaluateReference(graph, inputs, library);
    out.push({ network: drawn, want, jobs: { numbers: await job(false), symbols: await job(true) } });
  }
  return out;
})();

function problemOf({ want }: Prepared, outcome: Outcome): string | undefined {
  if (outcome instanceof Error) return outcome.message;
  for (const [i, w] of want.entries()) {
    const largest = (w.data as readonly number[]).reduce((m, x) => Math.max(m, Math.abs(x)), 1);
    const problem = difference(outcome[i]!, w, { rtol: TOLERANCE, atol: TOLERANCE * largest });
    if (problem) return `output ${i}: ${problem}`;
  }
  return undefined;
}

const wasm = (tileProfile: "node20" | "v8-modern", threads: number) => ({
  name: `wasm, schedules for ${tileProfile}, ${threads} thread${threads > 1 ? "s" : ""}`,
  under: { target: wasmTarget({ tileProfile }), threads, slow: false },
});
const subjects: readonly { readonly name: string; readonly under: TargetUnderTest }[] = [
  wasm("node20", 1),
  wasm("v8-modern", 2),
  ...(fullSweep ? [{ name: "interpreter", under: { target: interpreterTarget, threads: 1, slow: true } }] : []),
];

for (const dims of ["numbers", "symbols"] as const)
  for (const { name, under } of subjects)
    test(`random networks on ${name}, dims as ${dims}`, async t => {
      const all = await prepared;
      const jobs = all.flatMap(p => (p.jobs[dims] instanceof Error ? [] : [p.jobs[dims]]));
      const outcomes = await runJobs(under, jobs, registry);
      const failures = all.flatMap(p => {
        const job = p.jobs[dims];
        const problem = problemOf(p, job instanceof Error ? job : outcomes.get(job)!);
        return problem ? [`${JSON.stringify(p.network)}: ${problem}`] : [];
      });
      t.diagnostic(`${all.length} networks, ${failures.length} failed; seed ${seed}`);
      assert.deepEqual(failures, []);
    });
