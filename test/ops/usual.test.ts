// The operators that are read with the compiler suffice for what they are made for: no usual operator becomes one that lies in another file, and the models
// of the project need no further files.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everyNode } from "../../src/graph/values.js";
import { prepareGraph, programOf, readModel } from "../../src/load/prepare.js";
import { builtInOperators } from "../../src/ops/index.js";
import type { Registry } from "../../src/ops/registry.js";
import { AzulejoError } from "../../src/support/errors.js";
import { nodeOfCase } from "../../src/testing/case-graph.js";
import { realModels } from "../graph/models.js";
import { isInTurnOf } from "../rotation.js";
import { fullRegistry } from "./full-registry.js";
import { operatorModules } from "./modules.js";

const usual = new Set(builtInOperators);
const full = fullRegistry();

test("usual operators are made of usual ones", async t => {
  let [compiled, current] = [0, ""];
  const beside = new Set<string>();
  const registry: Registry = {
    find: (domain, op, opset) => {
      const found = full.find(domain, op, opset);
      if (found && !usual.has(found)) beside.add(`${current} becomes ${op}`);
      return found;
    },
  };
  for (const module of operatorModules) {
    if (!usual.has(module.operator)) continue;
    current = module.operator.name;
    const cases = module.cases?.() ?? [];
    for (const [at, testCase] of cases.entries()) {
      const { graph } = nodeOfCase(module, testCase, false);
      if (!isInTurnOf(cases.length, at, 4)) continue;
      // a body's own nodes are the case's, not the operator's
      if ([...everyNode(graph)].some(n => !usual.has(full.find(n.domain, n.op, n.opset)!))) continue;
      try {
        programOf((await prepareGraph(graph, registry, {})).graph, registry);
        compiled++;
      } catch (error) {
        // a known gap, or one that waits for values: ops/cases.test.ts tells
        if (!(error instanceof AzulejoError)) throw error;
      }
    }
  }
  assert.deepEqual([...beside], []);
  assert.ok(compiled > 3 * usual.size, `${compiled} cases`);
  t.diagnostic(`${usual.size} usual operators, ${compiled} cases`);
});

for (const model of realModels)
  test(`${model.name} is made of usual operators`, { skip: !model.path && "the model is not installed" }, async () => {
    const { graph, close } = await readModel(model.path!, {});
    await close();
    const beside = [...everyNode(graph)].filter(n => !usual.has(full.find(n.domain, n.op, n.opset)!)).map(n => n.op);
    assert.deepEqual([...new Set(beside)], []);
  });
