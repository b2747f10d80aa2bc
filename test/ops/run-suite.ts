// Runs the cases of a suite on one subject (the references, or a target) and accounts for each by name.
import type { TestContext } from "node:test";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import { createRegistry } from "../../src/ops/registry.js";
import { knownGaps } from "./known-gaps.js";
import { fullSweep, largeCases } from "./large-cases.js";
import type { SuiteCase, SuiteName } from "./suite.js";
import { isSkipped, listCases, loadCase } from "./suite.js";
import { difference, onnxTolerance } from "./tensors.js";

export interface Subject {
  readonly name: string;
  /** plain loops: large cases wait for full sweeps */
  readonly slow: boolean;
  run(testCase: SuiteCase): Promise<readonly ReferenceTensor[]>;
}

export interface SuiteResult {
  readonly passed: number;
  readonly gaps: number;
  readonly skipped: ReadonlyMap<string, readonly string[]>;
  /** what is wrong, by case; unexpected passes of known gaps among them */
  readonly failures: readonly string[];
}

export async function runSuite(suite: SuiteName, subject: Subject): Promise<SuiteResult | undefined> {
  const names = listCases(suite);
  if (!names) return undefined;
  const registry = createRegistry();
  const skipped = new Map<string, string[]>();
  const failures: string[] = [];
  let [passed, gaps] = [0, 0];
  const skip = (name: string, reason: string): void => {
    skipped.set(reason, [...(skipped.get(reason) ?? []), name]);
  };
  for (const name of names) {
    if (subject.slow && !fullSweep && largeCases.has(name)) {
      skip(name, "large, in full sweeps only");
      continue;
    }
    const testCase = await loadCase(suite, name, registry);
    if (isSkipped(testCase)) {
      skip(name, testCase.reason);
      continue;
    }
    const problem = await problemOf(testCase, subject);
    const gap = knownGaps.find(
      g => g.suite === suite && g.case === name && (!g.on || g.on.some(on => subject.name.startsWith(on))),
    );
    if (gap && problem) gaps++;
    else if (gap) failures.push(`${name}: passes, but is listed as a known gap (${gap.reason}); strike it out`);
    else if (problem) failures.push(`${name}: ${problem}`);
    else passed++;
  }
  return { passed, gaps, skipped, failures };
}

async function problemOf(testCase: SuiteCase, subject: Subject): Promise<string | undefined> {
  let outputs: readonly ReferenceTensor[];
  try {
    outputs = await subject.run(testCase);
  } catch (error) {
    return (error as Error).message;
  }
  for (const [i, want] of testCase.outputs.entries()) {
    const problem = outputs[i] ? difference(outputs[i], want, onnxTolerance) : "is missing";
    if (problem) return `output ${testCase.graph.outputs[i]!.name}: ${problem}`;
  }
  return undefined;
}

/** Prints the account of a suite. */
export function report(t: TestContext, suite: SuiteName, subject: Subject, result: SuiteResult): void {
  const count = [...result.skipped.values()].reduce((n, list) => n + list.length, 0);
  t.diagnostic(
    `${suite} on ${subject.name}: ${result.passed} passed, ${result.gaps} known gaps, ${count} skipped, ${result.failures.length} failed`,
  );
  if (!process.env.AZULEJO_SKIPS) return;
  for (const [reason, names] of [...result.skipped].sort((a, b) => b[1].length - a[1].length))
    t.diagnostic(`  skipped, ${reason}: ${names.join(" ")}`);
}
