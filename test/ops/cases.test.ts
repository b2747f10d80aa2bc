// Every operator's own cases on every target against its reference, with dims in numbers and, once more, as symbols.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCases, prepareCases } from "./check-cases.js";
import { fullSweep } from "./large-cases.js";
import { isDue, nameOf, targetsUnderTest } from "./subjects.js";

/** Threads change nothing that symbols could: both together only in full sweeps. */
const symbolicToo = targetsUnderTest.filter(under => fullSweep || under.threads === 1);

for (const symbolic of [false, true]) {
  const prepared = prepareCases(symbolic);
  for (const under of symbolic ? symbolicToo : targetsUnderTest)
    test(`operators on ${nameOf(under)} agree with their references, dims ${symbolic ? "as symbols" : "in numbers"}`, async t => {
      const problem = await under.problem?.();
      if (problem) return t.skip(problem);
      const { cases, waiting } = await prepared;
      // what compiles slowly gets every fourth case by default: each operator has several, and lowering is shared
      const due = isDue(under) ? cases : cases.filter((_, i) => i % 4 === 0);
      const { passed, gaps, failures } = await checkCases(under, { cases: due, waiting }, symbolic);
      const later = cases.length - due.length;
      t.diagnostic(
        `${passed} passed, ${gaps} known gaps, ${waiting.length} need dims in numbers, ${later} wait for full sweeps, ${failures.length} failed`,
      );
      assert.deepEqual(failures, []);
    });
}
