// Cases of the outside suites on every target.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRegistry } from "../../src/ops/registry.js";
import { report, runSuite } from "./run-suite.js";
import { targetsUnderTest } from "./subjects.js";
import { suiteNames } from "./suite.js";
import { targetSubject } from "./targets.js";

const registry = createRegistry();

for (const under of targetsUnderTest) {
  const subject = targetSubject(under, registry);
  for (const suite of suiteNames)
    test(`${subject.name} gives what the suite "${suite}" expects`, async t => {
      const result = await runSuite(suite, subject);
      if (!result)
        return t.skip(`the suite "${suite}" is not here; set AZULEJO_DATA to the folder that holds onnx-backend`);
      report(t, suite, subject, result);
      assert.deepEqual(result.failures, []);
    });
}
