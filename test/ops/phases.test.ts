// A transposed convolution is walked phase by phase: inside a phase it is a plain contraction, without division or selection.
import assert from "node:assert/strict";
import { test } from "node:test";
import { print } from "../../src/ir/print.js";
import { prepareGraph, programOf } from "../../src/load/prepare.js";
import { cases, operator } from "../../src/ops/conv-transpose.js";
import { fullRegistry } from "./full-registry.js";
import { operatorModules } from "./modules.js";
import { graphOfCase } from "../../src/testing/case-graph.js";

const module = operatorModules.find(m => m.operator === operator)!;
async function kernelOf(name: string): Promise<string> {
  const registry = fullRegistry();
  const { graph } = graphOfCase(module, cases().find(c => c.name === name)!, registry, true);
  const program = programOf((await prepareGraph(graph, registry, {})).graph, registry);
  const step = program.steps.find(s => s.kind === "kernel" && s.kernel.name === "ConvTranspose");
  assert(step?.kind === "kernel");
  return print(step.kernel);
}

test("filters as long as the stride: a matrix product for each phase", async () => {
  const text = await kernelOf("f32 2×2, stride 2");
  assert.match(text, /grid r2: 2, r3: 2, /);
  assert.match(text, /dot\(X\[0, x1, i2, i3\], W\[x1, i1, r2, r3\]\) over x1 as f32/);
  assert.match(text, /store Y\[0, i1, r2 \+ 2\*i2, r3 \+ 2\*i3\]/);
});

test("a size that is not known to be a multiple of the stride keeps one axis, and its division", async () => {
  const text = await kernelOf("f32 1-D");
  assert.match(text, /dot\(X\[0, x1, -p \+ div\(i2 \+ 1, 3\)\], W\[x1, i1, 3\*p \+ mod\(i2 \+ 1, 3\)\]\)/);
});
