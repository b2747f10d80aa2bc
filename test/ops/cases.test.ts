// Every operator's own cases on every target against its reference, with dims in numbers and, once more, as symbols.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCases, prepareCases } from "./check-cases.js";
import { fullSweep } from "./large-cases.js";
import { isDue, nameOf, targetsUnderTest } from "./subjects.js";

/**
 * By default each case runs once on the interpreter and once with two threads, dims in numbers, and once with one thread, dims as symbols:
 * threads change nothing that symbols could. Full sweeps run it both ways everywhere.
 */
const inNumbers = targetsUnderTest.filter(under => fullSweep || under.target.name !== "wasm" || under.threads > 1);
const asSymbols = targetsUnderTest.filter(under => fullSweep || (under.target.name === "wasm" && under.threads === 1));
/** Of what compiles slowly, every so many cases by default: lowering is shared with targets that run them all. */
const EVERY = 12;

for (const symbolic of [false, true]) {
  const prepared = prepareCases(symbolic);
  for (const under of symbolic ? asSymbols : inNumbers)
    test(`operators on ${nameOf(under)} agree with their references, dims ${symbolic ? "as symbols" : "in numbers"}`, async t => {
      const problem = await under.problem?.();
      if (problem) return t.skip(problem);
      const { cases, waiting } = await prepared;
      const due = isDue(under) ? cases : cases.filter((_, i) => i % EVERY === 0);
      const { passed, gaps, failures } = await checkCases(under, { cases: due, waiting }, symbolic);
      const later = cases.length - due.length;
      t.diagnostic(
        `${passed} passed, ${gaps} known gaps, ${waiting.length} need dims in numbers, ${later} wait for full sweeps, ${failures.length} failed`,
      );
      assert.deepEqual(failures, []);
    });
}
