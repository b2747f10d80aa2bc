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
const EVERY: Readonly<Record<string, number>> = {
  // a C compiler that has seen nothing yet takes 40 s of two cores for one in 12
  native: 36,
  webgpu: 12,
};
/** Every so many as symbols by default: what they change is sizes, which all kernels of an operator read alike. All have run in numbers. */
const EVERY_SYMBOLIC = 2;

for (const symbolic of [false, true]) {
  let preparing: ReturnType<typeof prepareCases> | undefined;
  for (const under of symbolic ? asSymbols : inNumbers)
    test(`operators on ${nameOf(under)} agree with their references, dims ${symbolic ? "as symbols" : "in numbers"}`, async t => {
      const problem = await under.problem?.();
      if (problem) return t.skip(problem);
      preparing ??= prepareCases(symbolic, symbolic && !fullSweep ? EVERY_SYMBOLIC : 1);
      const { cases, waiting } = await preparing;
      const due = isDue(under) ? cases : cases.filter((_, i) => i % EVERY[under.target.name]! === 0);
      assert.ok(due.length > 0);
      const { passed, gaps, failures } = await checkCases(under, { cases: due, waiting }, symbolic);
      const later = symbolic && !fullSweep ? `all but one in ${EVERY_SYMBOLIC}` : cases.length - due.length;
      t.diagnostic(
        `${passed} passed, ${gaps} known gaps, ${waiting.length} need dims in numbers, ${later} wait for full sweeps, ${failures.length} failed`,
      );
      assert.deepEqual(failures, []);
    });
}
