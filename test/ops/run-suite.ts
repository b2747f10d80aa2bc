// Runs the cases of a suite on one subject (the references, or a target) and accounts for each by name.
import type { Registry } from "../../src/ops/registry.js";
import { difference } from "../../src/testing/difference.js";
import type { Outcome } from "./jobs.js";
import { failureOf, gapOf } from "./known-gaps.js";
import { fullSweep, largeCases } from "./large-cases.js";
import type { SuiteCase, SuiteName } from "./suite.js";
import { isSkipped, loadCases } from "./suite.js";
import { toleranceOf } from "./tensors.js";

export interface Subject {
  readonly name: string;
  /** plain loops: large cases wait for full sweeps */
  readonly slow: boolean;
  run(cases: readonly SuiteCase[], suite: SuiteName): Promise<ReadonlyMap<SuiteCase, Outcome>>;
}

export interface LoadedSuite {
  readonly name: SuiteName;
  readonly cases: readonly SuiteCase[];
  /** names by reason */
  readonly skipped: ReadonlyMap<string, readonly string[]>;
}

/** What is not due is not read. undefined: the suite is not on this machine */
export async function loadSuite(
  suite: SuiteName,
  registry: Registry,
  isDue: (at: number) => boolean = () => true,
): Promise<LoadedSuite | undefined> {
  const all = await loadCases(suite, registry, isDue);
  if (!all) return undefined;
  const cases: SuiteCase[] = [];
  const skipped = new Map<string, string[]>();
  for (const loaded of all) {
    if (!isSkipped(loaded)) cases.push(loaded);
    else skipped.set(loaded.reason, [...(skipped.get(loaded.reason) ?? []), loaded.name]);
  }
  return { name: suite, cases, skipped };
}

/** One case in so many. */
export const sampleOf = (suite: LoadedSuite, every: number): LoadedSuite => ({
  ...suite,
  cases: suite.cases.filter((_, i) => i % every === 0),
});

export interface SuiteResult {
  readonly passed: number;
  readonly gaps: number;
  readonly waiting: readonly string[];
  /** what is wrong, by case; unexpected passes of known gaps among them */
  readonly failures: readonly string[];
}

export async function runSuite(suite: LoadedSuite, subject: Subject): Promise<SuiteResult> {
  const waits = ({ name }: SuiteCase): boolean => subject.slow && !fullSweep && largeCases.has(name);
  const running = suite.cases.filter(c => !waits(c));
  const outcomes = await subject.run(running, suite.name);
  const failures: string[] = [];
  let [passed, gaps] = [0, 0];
  for (const testCase of running) {
    const problem = problemOf(testCase, outcomes.get(testCase)!, suite.name);
    const gap = gapOf(suite.name, testCase.name, subject.name);
    const failure = failureOf(gap, testCase.name, problem);
    if (failure) failures.push(failure);
    else if (gap) gaps++;
    else passed++;
  }
  return { passed, gaps, waiting: suite.cases.filter(waits).map(c => c.name), failures };
}

function problemOf(testCase: SuiteCase, outcome: Outcome, suite: SuiteName): string | undefined {
  if (outcome instanceof Error) return outcome.message;
  for (const [i, want] of testCase.outputs.entries()) {
    const problem = outcome[i]
      ? difference(outcome[i], want, toleranceOf(suite, testCase.name, want.dtype))
      : "is missing";
    if (problem) return `output ${testCase.graph.outputs[i]!.name}: ${problem}`;
  }
  return undefined;
}

/** Prints the account of a suite; with AZULEJO_SKIPS, also what was skipped, by name. */
export function report(print: (line: string) => void, suite: LoadedSuite, subject: Subject, result: SuiteResult): void {
  const skipped = [...suite.skipped.values()].reduce((n, list) => n + list.length, 0);
  const { passed, gaps, waiting, failures } = result;
  print(
    `${suite.name} on ${subject.name}: ${passed} passed, ${gaps} known gaps, ${waiting.length} large ones wait for full sweeps, ${skipped} skipped, ${failures.length} failed`,
  );
  if (!process.env.AZULEJO_SKIPS) return;
  if (waiting.length > 0) print(`  waiting: ${waiting.join(" ")}`);
  for (const [reason, names] of [...suite.skipped].sort((a, b) => b[1].length - a[1].length))
    print(`  skipped, ${reason}: ${names.join(" ")}`);
}

export const absent = (suite: SuiteName): string =>
  `the suite "${suite}" is not here; set AZULEJO_DATA to the folder that holds onnx-backend and ort-web-ops`;
