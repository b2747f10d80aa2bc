// Every operator's own cases on every target against its reference, with dims in numbers and, once more, as symbols.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCases, type Due, prepareCases } from "./check-cases.js";
import { fullSweep } from "./large-cases.js";
import { isInTurn, isInTurnOf } from "../rotation.js";
import { isDue, nameOf, targetsUnderTest } from "./subjects.js";

/**
 * By default a tenth of each operator's cases runs in numbers on the interpreter and with two threads, another tenth as symbols with one thread: threads
 * change nothing that symbols could. Each has its turn within ten days; full sweeps run all of them both ways everywhere.
 */
const numbered = targetsUnderTest.filter(under => fullSweep || under.target.name !== "wasm" || under.threads > 1);
const asSymbols = targetsUnderTest.filter(under => fullSweep || (under.target.name === "wasm" && under.threads === 1));
const isDueHere =
  (symbolic: boolean): Due =>
  (at, count) =>
    isInTurnOf(count, symbolic ? at + 1 : at, 10);
/** who works on one operator wants all of its cases */
const only = process.env.AZULEJO_OPERATOR;
/** Of what compiles slowly, one in so many of them by default, with no factor of ten: each meets each tenth. Lowering is shared with targets that run more. */
const EVERY: Readonly<Record<string, number>> = { native: 19, webgpu: 7 };

for (const symbolic of [false, true]) {
  let preparing: ReturnType<typeof prepareCases> | undefined;
  for (const under of symbolic ? asSymbols : numbered)
    test(`operators on ${nameOf(under)} agree with their references, dims ${symbolic ? "as symbols" : "in numbers"}`, async t => {
      const problem = await under.problem?.();
      if (problem) return t.skip(problem);
      preparing ??= prepareCases(symbolic, only ? () => true : isDueHere(symbolic), only);
      const { cases, inNumbers, later } = await preparing;
      const due = only || isDue(under) ? cases : cases.filter((_, i) => isInTurn(i, EVERY[under.target.name]!));
      assert.ok(due.length > 0, only && `no operator "${only}" has cases`);
      const { passed, gaps, failures } = await checkCases(under, { cases: due }, symbolic);
      t.diagnostic(
        `${passed} passed, ${gaps} known gaps, ${inNumbers} in numbers since they need them, ${later + cases.length - due.length} wait for full sweeps, ${failures.length} failed`,
      );
      assert.deepEqual(failures, []);
    });
}
