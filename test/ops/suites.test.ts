// Cases of the outside suites on every target. They are read, inferred and partitioned once for all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isInTurn } from "../rotation.js";
import { fullRegistry } from "./full-registry.js";
import type { LoadedSuite } from "./run-suite.js";
import { absent, loadSuite, report, runSuite } from "./run-suite.js";
import { isDue, type TargetUnderTest, targetsUnderTest } from "./subjects.js";
import type { SuiteName } from "./suite.js";
import { suiteNames } from "./suite.js";
import { TargetSubjects } from "./target-subject.js";

/** of what compiles slowly, one case in so many runs by default */
const EVERY = 24;

/** By default WebAssembly takes a quarter of the cases with one thread and another with two: code is the same. The interpreter takes a sixth, and the next day the next ones. */
function dueOf(whole: LoadedSuite, under: TargetUnderTest): LoadedSuite {
  const every = !isDue(under) ? EVERY : under.target.name === "wasm" ? 4 : 6;
  return { ...whole, cases: whole.cases.filter((_, i) => isInTurn(i + 2 * under.threads, every)) };
}

const registry = fullRegistry();
const subjects = new TargetSubjects(registry);
const suites = new Map<SuiteName, Promise<LoadedSuite | undefined>>();
const suiteOf = (name: SuiteName): Promise<LoadedSuite | undefined> => {
  const suite = suites.get(name) ?? loadSuite(name, registry);
  suites.set(name, suite);
  return suite;
};

for (const under of targetsUnderTest.filter(u => isDue(u) || u.sampled)) {
  const subject = subjects.of(under);
  for (const name of suiteNames)
    test(`${subject.name} gives what the suite "${name}" expects`, async t => {
      const problem = await under.problem?.();
      if (problem) return t.skip(problem);
      const whole = await suiteOf(name);
      if (!whole) return t.skip(absent(name));
      const suite = dueOf(whole, under);
      const result = await runSuite(suite, subject);
      report(line => t.diagnostic(line), suite, subject, result);
      const others = whole.cases.length - suite.cases.length;
      if (others > 0) t.diagnostic(`${others} other cases wait for full sweeps here`);
      assert.deepEqual(result.failures, []);
    });
}
