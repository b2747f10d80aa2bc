// A target as a subject of the outside suites. Cases are read, inferred and partitioned once for all targets.
import type { Registry } from "../../src/ops/registry.js";
import type { Job, Outcome } from "./jobs.js";
import { prepareJob, runJobs } from "./jobs.js";
import { gapOf } from "./known-gaps.js";
import type { Subject } from "./run-suite.js";
import type { TargetUnderTest } from "./subjects.js";
import { nameOf } from "./subjects.js";
import type { SuiteCase } from "./suite.js";
import { bindContent } from "./suite.js";

type Prepared = Job | Error;

export class TargetSubjects {
  readonly #registry: Registry;
  readonly #prepared = new Map<SuiteCase, Promise<Prepared>>();
  constructor(registry: Registry) {
    this.#registry = registry;
  }
  of(under: TargetUnderTest): Subject {
    return {
      name: nameOf(under),
      slow: under.slow,
      run: async (cases, suite) => {
        const all = await Promise.all(cases.map(c => this.#prepare(c)));
        const jobs = all.filter((p): p is Job => !(p instanceof Error));
        const isGap = (job: Job): boolean => gapOf(suite, job.name, nameOf(under)) !== undefined;
        const outcomes = await runJobs(under, jobs, this.#registry, isGap);
        return new Map(
          cases.map((c, i): [SuiteCase, Outcome] => {
            const p = all[i]!;
            return [c, p instanceof Error ? p : outcomes.get(p)!];
          }),
        );
      },
    };
  }
  #prepare(testCase: SuiteCase): Promise<Prepared> {
    const graph = bindContent(testCase, this.#registry);
    const known =
      this.#prepared.get(testCase) ??
      prepareJob(testCase.name, graph, testCase.inputs, this.#registry).catch((e: Error) => e);
    this.#prepared.set(testCase, known);
    return known;
  }
}
