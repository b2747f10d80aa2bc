// Every operator's own cases on every target against its reference, with dims in numbers and, once more, as symbols.
import assert from "node:assert/strict";
import { test } from "node:test";
import { infer } from "../../src/graph/infer.js";
import type { OperatorModule } from "../../src/ops/operator.js";
import { exact } from "../../src/ops/reference-tensors.js";
import { createRegistry } from "../../src/ops/registry.js";
import type { Job, Outcome } from "./jobs.js";
import { prepareJob, runJobs } from "./jobs.js";
import { failureOf, gapOf } from "./known-gaps.js";
import { fullSweep } from "./large-cases.js";
import { operatorModules } from "./modules.js";
import type { CaseGraph } from "./run-case.js";
import { graphOfCase } from "./run-case.js";
import { nameOf, targetsUnderTest } from "./subjects.js";
import { asSuiteTolerance, difference } from "./tensors.js";

const registry = createRegistry();

interface Prepared {
  readonly name: string;
  readonly module: OperatorModule;
  readonly expected: CaseGraph;
  readonly job: Job | Error;
}

/** Does the operator need numbers here? Then the graph is compiled once they are known, which the other run covers. */
const needsNumbers = ({ graph }: CaseGraph): boolean => infer(graph, registry).outputs.some(v => !v.dims);

async function prepareAll(symbolic: boolean): Promise<{ cases: readonly Prepared[]; waiting: readonly string[] }> {
  const cases: Prepared[] = [];
  const waiting: string[] = [];
  for (const module of operatorModules)
    for (const testCase of module.cases?.() ?? []) {
      const name = `${module.operator.name}, ${testCase.name}`;
      const expected = graphOfCase(module, testCase, registry, symbolic);
      if (symbolic && needsNumbers(expected)) {
        waiting.push(name);
        continue;
      }
      const job = await prepareJob(name, expected.graph, expected.inputs, registry).catch((e: Error) => e);
      cases.push({ name, module, expected, job });
    }
  return { cases, waiting };
}

function problemOf({ module, expected }: Prepared, outcome: Outcome): string | undefined {
  if (outcome instanceof Error) return outcome.message;
  for (const [i, want] of expected.want.entries()) {
    const tolerance = asSuiteTolerance(module.tolerance ?? exact, want.dtype, expected.scales[i]!);
    const problem = difference(outcome[i]!, want, tolerance);
    if (problem) return `output ${i}: ${problem}`;
  }
  return undefined;
}

/** Threads change nothing that symbols could: both together only in full sweeps. */
const symbolicToo = targetsUnderTest.filter(under => fullSweep || under.threads === 1);

for (const symbolic of [false, true]) {
  const prepared = prepareAll(symbolic);
  for (const under of symbolic ? symbolicToo : targetsUnderTest)
    test(`operators on ${nameOf(under)} agree with their references, dims ${symbolic ? "as symbols" : "in numbers"}`, async t => {
      const { cases, waiting } = await prepared;
      const jobs = cases.flatMap(c => (c.job instanceof Error ? [] : [c.job]));
      const subject = `${nameOf(under)}, dims ${symbolic ? "as symbols" : "in numbers"}`;
      const outcomes = await runJobs(under, jobs, registry, job => gapOf("cases", job.name, subject) !== undefined);
      const failures: string[] = [];
      let [passed, gaps] = [0, 0];
      for (const c of cases) {
        const problem = problemOf(c, c.job instanceof Error ? c.job : outcomes.get(c.job)!);
        const gap = gapOf("cases", c.name, subject);
        const failure = failureOf(gap, c.name, problem);
        if (failure) failures.push(failure);
        else if (gap) gaps++;
        else passed++;
      }
      t.diagnostic(
        `${passed} passed, ${gaps} known gaps, ${waiting.length} need dims in numbers, ${failures.length} failed`,
      );
      assert.deepEqual(failures, []);
    });
}
