// What a page runs: the operators' own cases, and those of the outside suites, in the browser's engine and on its GPU. Bundled by the tests
// in test/browser; files are those that the page fetched.
import { fetchFiles } from "../browser/page-files.js";
import type { CasesResult } from "./check-cases.js";
import { checkCases, prepareCases } from "./check-cases.js";
import { fullRegistry } from "./full-registry.js";
import type { SuiteResult } from "./run-suite.js";
import { loadSuite, runSuite, sampleOf } from "./run-suite.js";
import type { TargetUnderTest } from "./subjects.js";
import { targetsUnderTest } from "./subjects.js";
import type { SuiteName } from "./suite.js";
import { TargetSubjects } from "./target-subject.js";

const targetOf = (name: string, threads: number): TargetUnderTest =>
  targetsUnderTest.find(u => u.target.name === name && u.threads === threads)!;

/** one case in `every`, counted over all operators from `first` on */
async function runCases(target: string, threads: number, every = 1, first = 0): Promise<CasesResult> {
  let at = first;
  return checkCases(targetOf(target, threads), await prepareCases(false, () => at++ % every === 0), false);
}
/** The suite's files are at `address`. */
async function runSuiteOn(target: string, name: SuiteName, address: string, every = 1): Promise<SuiteResult> {
  await fetchFiles(address);
  const registry = fullRegistry();
  const suite = await loadSuite(name, registry);
  if (!suite) throw new Error(`the page has no suite "${name}"`);
  return runSuite(sampleOf(suite, every), new TargetSubjects(registry).of(targetOf(target, 1)));
}

Object.assign(globalThis, { runCases, runSuiteOn });
