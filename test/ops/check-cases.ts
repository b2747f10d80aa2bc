// The operators' own cases on one target, held against their references. Runs in Node and, bundled, in a browser.
import { infer } from "../../src/graph/infer.js";
import type { OperatorModule } from "../../src/ops/operator.js";
import { exact } from "../../src/ops/reference-tensors.js";
import { fullRegistry } from "./full-registry.js";
import type { Job, Outcome } from "./jobs.js";
import { prepareJob, runJobs } from "./jobs.js";
import { failureOf, gapOf } from "./known-gaps.js";
import { operatorModules } from "./modules.js";
import type { CaseGraph } from "../../src/testing/case-graph.js";
import { graphOfCase } from "../../src/testing/case-graph.js";
import { closenessOf, difference } from "../../src/testing/difference.js";
import type { TargetUnderTest } from "./subjects.js";
import { nameOf } from "./subjects.js";

const registry = fullRegistry();

export interface PreparedCase {
  readonly name: string;
  readonly module: OperatorModule;
  readonly expected: CaseGraph;
  readonly job: Job | Error;
}
export interface PreparedCases {
  readonly cases: readonly PreparedCase[];
  /** how many have no shape before dims are numbers: they have numbers, symbols or not */
  readonly inNumbers: number;
  /** how many are not due */
  readonly later: number;
}

/** Does the operator need numbers here? Then a model's graph is compiled once they are known. */
const needsNumbers = ({ graph }: CaseGraph): boolean => infer(graph, registry).outputs.some(v => !v.dims);

/** Which of an operator's cases: by position among them, and how many there are. */
export type Due = (at: number, count: number) => boolean;

/** What is not due costs no reference. `only`: the name of one operator. */
export async function prepareCases(symbolic: boolean, isDue: Due = () => true, only?: string): Promise<PreparedCases> {
  const cases: PreparedCase[] = [];
  let [later, inNumbers] = [0, 0];
  for (const module of operatorModules.filter(m => !only || m.operator.name === only)) {
    const all = module.cases?.() ?? [];
    for (const [at, testCase] of all.entries()) {
      if (!isDue(at, all.length)) {
        later++;
        continue;
      }
      const name = `${module.operator.name}, ${testCase.name}`;
      let expected = graphOfCase(module, testCase, registry, symbolic);
      if (symbolic && needsNumbers(expected)) {
        expected = graphOfCase(module, testCase, registry, false);
        inNumbers++;
      }
      const job = await prepareJob(name, expected.graph, expected.inputs, registry).catch((e: Error) => e);
      cases.push({ name, module, expected, job });
    }
  }
  return { cases, inNumbers, later };
}

export interface CasesResult {
  readonly passed: number;
  readonly gaps: number;
  readonly failures: readonly string[];
}

export async function checkCases(
  under: TargetUnderTest,
  { cases }: Pick<PreparedCases, "cases">,
  symbolic: boolean,
): Promise<CasesResult> {
  const subject = `${nameOf(under)}, dims ${symbolic ? "as symbols" : "in numbers"}`;
  const jobs = cases.flatMap(c => (c.job instanceof Error ? [] : [c.job]));
  const outcomes = await runJobs(under, jobs, registry, job => gapOf("cases", job.name, subject) !== undefined);
  const failures: string[] = [];
  let [passed, gaps] = [0, 0];
  for (const c of cases) {
    const problem = problemOf(c, c.job instanceof Error ? c.job : outcomes.get(c.job)!);
    const gap = gapOf("cases", c.name, subject);
    const failure = failureOf(gap, c.name, problem);
    if (failure) failures.push(failure);
    else if (gap) gaps++;
    else passed++;
  }
  return { passed, gaps, failures };
}

function problemOf({ module, expected }: PreparedCase, outcome: Outcome): string | undefined {
  if (outcome instanceof Error) return outcome.message;
  for (const [i, want] of expected.want.entries()) {
    const tolerance = closenessOf(module.tolerance ?? exact, want.dtype, expected.scales[i]!);
    const problem = difference(outcome[i]!, want, tolerance);
    if (problem) return `output ${i}: ${problem}`;
  }
  return undefined;
}
