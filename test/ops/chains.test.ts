// Random chains of operators on every target give what the references give one after another. AZULEJO_SEED draws others.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { infer } from "../../src/graph/infer.js";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import { difference } from "../../src/testing/difference.js";
import type { Chain } from "./chains.js";
import { chain, graphOfChain } from "./chains.js";
import { evaluateReference } from "./evaluate-reference.js";
import { fullRegistry } from "./full-registry.js";
import type { Job, Outcome } from "./jobs.js";
import { prepareJob, runJobs } from "./jobs.js";
import { isInTurn } from "../rotation.js";
import { fullSweep } from "./large-cases.js";
import { operatorModules } from "./modules.js";
import { isDue, nameOf, targetsUnderTest } from "./subjects.js";

const registry = fullRegistry();
const library = { registry, modules: operatorModules };
const seed = Number(process.env.AZULEJO_SEED ?? 1);
/** of 150 chains a third, another one each day */
const chains = fc.sample(chain, { seed, numRuns: fullSweep ? 2000 : 150 }).filter((_, i) => isInTurn(i, 3));
/** six operators in f32, sums of up to a few hundred terms */
const tolerance = { rtol: 1e-5, atol: 1e-5 };

interface Prepared {
  readonly chain: Chain;
  readonly want: readonly ReferenceTensor[];
  readonly job: Job | Error;
}

async function prepareAll(symbolic: boolean): Promise<readonly Prepared[]> {
  const out: Prepared[] = [];
  for (const [i, drawn] of chains.entries()) {
    const { graph, inputs } = graphOfChain(drawn, symbolic);
    // a shape that is a number where a symbol stands waits for numbers, which the other run has
    if (symbolic && infer(graph, registry).outputs.some(v => !v.dims)) continue;
    const want = await evaluateReference(graph, inputs, library);
    const job = await prepareJob(`chain ${i}`, graph, inputs, registry).catch((e: Error) => e);
    out.push({ chain: drawn, want, job });
  }
  return out;
}

function problemOf({ want }: Prepared, outcome: Outcome): string | undefined {
  if (outcome instanceof Error) return outcome.message;
  for (const [i, w] of want.entries()) {
    const problem = difference(outcome[i]!, w, tolerance);
    if (problem) return `output ${i}: ${problem}`;
  }
  return undefined;
}

/** Threads change nothing that symbols could: both together only in full sweeps. */
const symbolicToo = targetsUnderTest.filter(under => fullSweep || under.threads === 1);

for (const symbolic of [false, true]) {
  const prepared = prepareAll(symbolic);
  for (const under of symbolic ? symbolicToo : targetsUnderTest.filter(isDue))
    test(`random chains on ${nameOf(under)}, dims ${symbolic ? "as symbols" : "in numbers"}`, async t => {
      const problem = await under.problem?.();
      if (problem) return t.skip(problem);
      const all = await prepared;
      const jobs = all.flatMap(p => (p.job instanceof Error ? [] : [p.job]));
      const outcomes = await runJobs(under, jobs, registry);
      const failures = all.flatMap(p => {
        const problem = problemOf(p, p.job instanceof Error ? p.job : outcomes.get(p.job)!);
        return problem ? [`${JSON.stringify(p.chain)}: ${problem}`] : [];
      });
      t.diagnostic(`${all.length} chains, ${failures.length} failed; seed ${seed}`);
      assert.deepEqual(failures, []);
    });
}
