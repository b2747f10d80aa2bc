// The judge is judged: references, shapes and known values of all operators against the outside suites.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRegistry } from "../../src/ops/registry.js";
import { evaluateReference } from "./evaluate-reference.js";
import { operatorModules } from "./modules.js";
import type { Subject } from "./run-suite.js";
import { report, runSuite } from "./run-suite.js";
import { suiteNames } from "./suite.js";

const library = { registry: createRegistry(), modules: operatorModules };
const references: Subject = {
  name: "references",
  slow: true,
  run: ({ graph, inputs }) => evaluateReference(graph, inputs, library),
};

for (const suite of suiteNames)
  test(`references give what the suite "${suite}" expects`, async t => {
    const result = await runSuite(suite, references);
    if (!result)
      return t.skip(`the suite "${suite}" is not here; set AZULEJO_DATA to the folder that holds onnx-backend`);
    report(t, suite, references, result);
    assert.deepEqual(result.failures, []);
  });
