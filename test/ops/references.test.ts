// The judge is judged: references, shapes and known values of all operators against the outside suites.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isInTurn } from "../rotation.js";
import { evaluateReference } from "./evaluate-reference.js";
import { fullRegistry } from "./full-registry.js";
import type { Outcome } from "./jobs.js";
import { operatorModules } from "./modules.js";
import type { Subject } from "./run-suite.js";
import { absent, loadSuite, report, runSuite } from "./run-suite.js";
import type { SuiteCase } from "./suite.js";
import { suiteNames } from "./suite.js";

const registry = fullRegistry();
const library = { registry, modules: operatorModules };
const references: Subject = {
  name: "references",
  slow: true,
  async run(cases) {
    const outcomes = new Map<SuiteCase, Outcome>();
    for (const c of cases)
      outcomes.set(c, await evaluateReference(c.graph, c.inputs, library).catch((error: Error) => error));
    return outcomes;
  },
};

for (const name of suiteNames)
  test(`references give what the suite "${name}" expects`, async t => {
    // a half each day
    const suite = await loadSuite(name, registry, at => isInTurn(at, 2));
    if (!suite) return t.skip(absent(name));
    const result = await runSuite(suite, references);
    report(line => t.diagnostic(line), suite, references, result);
    assert.deepEqual(result.failures, []);
  });
