// Every operator's own cases on every target against its reference, with dims in numbers and, once more, as symbols.
import assert from "node:assert/strict";
import { test } from "node:test";
import { infer } from "../../src/graph/infer.js";
import type { OperatorCase, OperatorModule } from "../../src/ops/operator.js";
import { exact } from "../../src/ops/reference-tensors.js";
import { createRegistry } from "../../src/ops/registry.js";
import { operatorModules } from "./modules.js";
import { graphOfCase } from "./run-case.js";
import type { TargetUnderTest } from "./subjects.js";
import { nameOf, targetsUnderTest } from "./subjects.js";
import { programOfCase, runOnTarget } from "./targets.js";
import { asSuiteTolerance, difference } from "./tensors.js";

const registry = createRegistry();

/** Does the operator need numbers here? Then the graph is compiled once they are known, which the other run covers. */
function needsNumbers(module: OperatorModule, testCase: OperatorCase): boolean {
  const { graph } = graphOfCase(module, testCase, registry, true);
  return infer(graph, registry).outputs.some(v => !v.dims);
}

async function problemOf(
  under: TargetUnderTest,
  module: OperatorModule,
  testCase: OperatorCase,
  symbolic: boolean,
): Promise<string | undefined> {
  const { graph, inputs, want, scales } = graphOfCase(module, testCase, registry, symbolic);
  const program = await programOfCase(graph, inputs, registry, new Set());
  const got = await runOnTarget(under.target, under.threads, program, inputs);
  for (const [i, w] of want.entries()) {
    const problem = difference(got[i]!, w, asSuiteTolerance(module.tolerance ?? exact, w.dtype, scales[i]!));
    if (problem) return `output ${i}: ${problem}`;
  }
  return undefined;
}

for (const under of targetsUnderTest)
  for (const symbolic of [false, true])
    test(`operators on ${nameOf(under)} agree with their references, dims ${symbolic ? "as symbols" : "in numbers"}`, async t => {
      const failures: string[] = [];
      let [count, waiting] = [0, 0];
      for (const module of operatorModules)
        for (const testCase of module.cases ?? []) {
          const name = `${module.operator.name}, ${testCase.name}`;
          try {
            if (symbolic && needsNumbers(module, testCase)) {
              waiting++;
              continue;
            }
            const problem = await problemOf(under, module, testCase, symbolic);
            if (problem) failures.push(`${name}: ${problem}`);
          } catch (error) {
            failures.push(`${name}: ${(error as Error).message}`);
          }
          count++;
        }
      t.diagnostic(
        `${count} cases${symbolic ? `, ${waiting} that need dims in numbers` : ""}, ${failures.length} failed`,
      );
      assert.deepEqual(failures, []);
    });
