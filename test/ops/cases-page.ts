// What a page runs: the operators' own cases on wasm, in the browser's engine. Bundled by test/browser/operators.test.ts.
import type { CasesResult } from "./check-cases.js";
import { checkCases, prepareCases } from "./check-cases.js";
import { targetsUnderTest } from "./subjects.js";

async function runCases(threads: number): Promise<CasesResult> {
  const under = targetsUnderTest.find(u => u.target.name === "wasm" && u.threads === threads)!;
  return checkCases(under, await prepareCases(false), false);
}

Object.assign(globalThis, { runCases });
