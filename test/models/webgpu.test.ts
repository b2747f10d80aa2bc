// Real models on WebGPU: element by element what wasm gives, which models.test.ts holds against onnxruntime-node. Weights that are one constant in the
// file are random ones here. Two small models by default, all of them in full sweeps. Skipped, by name, where there is no adapter.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load, type Tensor } from "azulejo";
import { withRandomWeights } from "../../bench/random-weights.js";
import { gpuState } from "../../src/targets/webgpu/target.js";
import { fullSweep } from "../ops/large-cases.js";
import { feeds } from "./feeds.js";
import { type ModelSpec, models } from "./inventory.js";

const quick: ReadonlySet<string> = new Set(["MNIST", "Silero VAD v5"]);

async function outputsOn(target: "wasm" | "webgpu", model: ModelSpec): Promise<Readonly<Record<string, Tensor>>> {
  const source = model.constantWeights ? withRandomWeights(await readFile(model.path!)) : model.path!;
  const loaded = await load(source, { target });
  try {
    return await loaded.run(feeds(model));
  } finally {
    loaded.dispose();
  }
}
function assertClose(got: Tensor, want: Tensor, name: string, apart: number): void {
  assert.deepEqual(got.dims, want.dims, `${name}: dims`);
  const [have, wanted] = [got.data as Float32Array, want.data as Float32Array];
  const allowed = apart * wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  for (const [i, w] of wanted.entries())
    if (!(Math.abs(have[i]! - w) <= allowed))
      assert.fail(`${name}: element ${i} is ${have[i]}, wasm gives ${w}; ${allowed} is allowed`);
}

for (const model of models) {
  const due = fullSweep || quick.has(model.name);
  const skip = !model.path ? "the model is not installed" : !due && "runs in npm run test:all";
  test(`${model.name} on webgpu gives what it gives on wasm`, { skip }, async t => {
    const { problem } = await gpuState();
    if (problem) return t.skip(problem);
    const [got, want] = [await outputsOn("webgpu", model), await outputsOn("wasm", model)];
    for (const [name, tensor] of Object.entries(want))
      assertClose(got[name]!, tensor, name, model.everywhere ?? 2 * model.relative);
  });
}
