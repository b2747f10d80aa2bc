// Every operator's own cases on every target against its reference, with dims in numbers and, once more, as symbols.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCases, prepareCases } from "./check-cases.js";
import { fullSweep } from "./large-cases.js";
import { nameOf, targetsUnderTest } from "./subjects.js";

/** Threads change nothing that symbols could: both together only in full sweeps. */
const symbolicToo = targetsUnderTest.filter(under => fullSweep || under.threads === 1);

for (const symbolic of [false, true]) {
  const prepared = prepareCases(symbolic);
  for (const under of symbolic ? symbolicToo : targetsUnderTest)
    test(`operators on ${nameOf(under)} agree with their references, dims ${symbolic ? "as symbols" : "in numbers"}`, async t => {
      const problem = await under.problem?.();
      if (problem) return t.skip(problem);
      const { passed, gaps, failures } = await checkCases(under, await prepared, symbolic);
      const waiting = (await prepared).waiting.length;
      t.diagnostic(`${passed} passed, ${gaps} known gaps, ${waiting} need dims in numbers, ${failures.length} failed`);
      assert.deepEqual(failures, []);
    });
}
