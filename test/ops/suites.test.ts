// Cases of the outside suites on every target. They are read, inferred and partitioned once for all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fullRegistry } from "./full-registry.js";
import type { Job, Outcome } from "./jobs.js";
import { prepareJob, runJobs } from "./jobs.js";
import { gapOf } from "./known-gaps.js";
import type { LoadedSuite, Subject } from "./run-suite.js";
import { absent, loadSuite, report, runSuite } from "./run-suite.js";
import type { TargetUnderTest } from "./subjects.js";
import { isDue, nameOf, targetsUnderTest } from "./subjects.js";
import type { SuiteCase, SuiteName } from "./suite.js";
import { bindContent, suiteNames } from "./suite.js";

const registry = fullRegistry();

type Prepared = Job | Error;
const prepared = new Map<SuiteCase, Promise<Prepared>>();
function prepare(testCase: SuiteCase): Promise<Prepared> {
  const known =
    prepared.get(testCase) ??
    prepareJob(testCase.name, bindContent(testCase, registry), testCase.inputs, registry).catch((e: Error) => e);
  prepared.set(testCase, known);
  return known;
}

const subjectOf = (under: TargetUnderTest): Subject => ({
  name: nameOf(under),
  slow: under.slow,
  async run(cases, suite) {
    const all = await Promise.all(cases.map(prepare));
    const jobs = all.filter((p): p is Job => !(p instanceof Error));
    const outcomes = await runJobs(under, jobs, registry, job => gapOf(suite, job.name, nameOf(under)) !== undefined);
    return new Map(
      cases.map((c, i): [SuiteCase, Outcome] => {
        const p = all[i]!;
        return [c, p instanceof Error ? p : outcomes.get(p)!];
      }),
    );
  },
});

const suites = new Map<SuiteName, Promise<LoadedSuite | undefined>>();
const suiteOf = (name: SuiteName): Promise<LoadedSuite | undefined> => {
  const suite = suites.get(name) ?? loadSuite(name, registry);
  suites.set(name, suite);
  return suite;
};

for (const under of targetsUnderTest.filter(isDue)) {
  const subject = subjectOf(under);
  for (const name of suiteNames)
    test(`${subject.name} gives what the suite "${name}" expects`, async t => {
      const problem = await under.problem?.();
      if (problem) return t.skip(problem);
      const suite = await suiteOf(name);
      if (!suite) return t.skip(absent(name));
      const result = await runSuite(suite, subject);
      report(t, suite, subject, result);
      assert.deepEqual(result.failures, []);
    });
}
