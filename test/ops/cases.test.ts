// Every operator's own cases on every target against its reference, with dims in numbers and, once more, as symbols.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCases, type Due, prepareCases } from "./check-cases.js";
import { fullSweep } from "./large-cases.js";
import { isDue, nameOf, targetsUnderTest } from "./subjects.js";

/**
 * By default one half of each operator's cases runs in numbers on the interpreter and with two threads, the other half as symbols with one thread: threads
 * change nothing that symbols could. AZULEJO_SEED=2 changes the halves over; full sweeps run all of them both ways everywhere.
 */
const numbered = targetsUnderTest.filter(under => fullSweep || under.target.name !== "wasm" || under.threads > 1);
const asSymbols = targetsUnderTest.filter(under => fullSweep || (under.target.name === "wasm" && under.threads === 1));
const half = Number(process.env.AZULEJO_SEED ?? 1) % 2;
const isInHalf = (symbolic: boolean): Due =>
  fullSweep ? () => true : (at, count) => count === 1 || (at + half) % 2 === (symbolic ? 0 : 1);
/** Of what compiles slowly, every so many of them by default: lowering is shared with targets that run them all. */
const EVERY: Readonly<Record<string, number>> = { native: 18, webgpu: 6 };

for (const symbolic of [false, true]) {
  let preparing: ReturnType<typeof prepareCases> | undefined;
  for (const under of symbolic ? asSymbols : numbered)
    test(`operators on ${nameOf(under)} agree with their references, dims ${symbolic ? "as symbols" : "in numbers"}`, async t => {
      const problem = await under.problem?.();
      if (problem) return t.skip(problem);
      preparing ??= prepareCases(symbolic, isInHalf(symbolic));
      const { cases, inNumbers, later } = await preparing;
      const due = isDue(under) ? cases : cases.filter((_, i) => i % EVERY[under.target.name]! === 0);
      assert.ok(due.length > 0);
      const { passed, gaps, failures } = await checkCases(under, { cases: due }, symbolic);
      t.diagnostic(
        `${passed} passed, ${gaps} known gaps, ${inNumbers} in numbers since they need them, ${later + cases.length - due.length} wait for full sweeps, ${failures.length} failed`,
      );
      assert.deepEqual(failures, []);
    });
}
