// Cases of the outside suites on every target. What is due is read, inferred and partitioned once for all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isInTurn } from "../rotation.js";
import { fullRegistry } from "./full-registry.js";
import { fullSweep } from "./large-cases.js";
import type { LoadedSuite } from "./run-suite.js";
import { absent, loadSuite, report, runSuite } from "./run-suite.js";
import { isDue, type TargetUnderTest, targetsUnderTest } from "./subjects.js";
import type { SuiteName } from "./suite.js";
import { suiteNames } from "./suite.js";
import { TargetSubjects } from "./target-subject.js";

/**
 * By default the interpreter and WebAssembly with one thread take an eighth of the cases, and WebAssembly with two another one: code is the same. Of what
 * compiles slowly, one case in so many of the first eighth.
 */
const EVERY = 3;

const registry = fullRegistry();
const subjects = new TargetSubjects(registry);
const suites = new Map<string, Promise<LoadedSuite | undefined>>();
function suiteOf(name: SuiteName, { threads }: TargetUnderTest): Promise<LoadedSuite | undefined> {
  const share = `${name} ${fullSweep ? "in full" : threads}`;
  const suite = suites.get(share) ?? loadSuite(name, registry, at => isInTurn(at + 2 * threads, 8));
  suites.set(share, suite);
  return suite;
}

for (const under of targetsUnderTest.filter(u => isDue(u) || u.sampled)) {
  const subject = subjects.of(under);
  for (const name of suiteNames)
    test(`${subject.name} gives what the suite "${name}" expects`, async t => {
      const problem = await under.problem?.();
      if (problem) return t.skip(problem);
      const share = await suiteOf(name, under);
      if (!share) return t.skip(absent(name));
      const suite = isDue(under) ? share : { ...share, cases: share.cases.filter((_, i) => isInTurn(i, EVERY)) };
      const result = await runSuite(suite, subject);
      report(line => t.diagnostic(line), suite, subject, result);
      if (!fullSweep) t.diagnostic("the other cases of the suite have their turns on other days");
      assert.deepEqual(result.failures, []);
    });
}
