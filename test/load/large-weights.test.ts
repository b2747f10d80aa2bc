// Weights larger than the memory that their originals pass through: packed a few rows at a time, scaled on the way by a folded
// normalisation, from files and from bytes, with shared memory and without.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { prepareGraph, programOf, readModel, registryFor } from "../../src/load/prepare.js";
import type { TensorData } from "../../src/runtime/tensor.js";
import { wasmTarget } from "../../src/targets/wasm/target.js";
import { f32Tensor, int, node, onnxModel, value } from "../frontends/onnx-model.js";

const [rows, columns] = [3001, 701];
/** small integers, so that sums are exact in any order */
const weights = Array.from({ length: rows * columns }, (_, i) => ((i * 7919) % 13) - 6);
const x = Float32Array.from({ length: columns }, (_, i) => (i % 5) - 2);
const products = Array.from({ length: rows }, (_, r) =>
  x.reduce((sum, v, c) => sum + v * weights[r * columns + c]!, 0),
);

const product = onnxModel({
  inputs: [value("x", 1, [1, columns])],
  outputs: [value("y", 1, [1, rows])],
  initializers: [f32Tensor("W", [rows, columns], weights)],
  nodes: [node("Gemm", ["x", "W"], ["y"], [int("transB", 1)])],
});
const channels = (f: (r: number) => number): number[] => Array.from({ length: rows }, (_, r) => f(r));
/** a point convolution whose outputs are doubled, tripled, … : variance + epsilon is 1 */
const normalised = onnxModel({
  inputs: [value("x", 1, [1, columns, 1, 1])],
  outputs: [value("y", 1, [1, rows, 1, 1])],
  initializers: [
    f32Tensor("W", [rows, columns, 1, 1], weights),
    f32Tensor(
      "scale",
      [rows],
      channels(r => (r % 4) + 1),
    ),
    f32Tensor(
      "zero",
      [rows],
      channels(() => 0),
    ),
    f32Tensor(
      "one",
      [rows],
      channels(() => 1 - 2 ** -16),
    ),
  ],
  nodes: [
    node("Conv", ["x", "W"], ["c"]),
    node(
      "BatchNormalization",
      ["c", "scale", "zero", "zero", "one"],
      ["y"],
      [{ name: "epsilon", f: 2 ** -16, type: 1 }],
    ),
  ],
});

const folder = mkdtempSync(join(tmpdir(), "azulejo-weights-"));
after(() => rmSync(folder, { recursive: true }));

async function outputOf(source: string | Uint8Array, dims: readonly number[], shared: boolean): Promise<number[]> {
  const { graph, close } = await readModel(source, {});
  const registry = await registryFor(graph, {});
  try {
    const prepared = await prepareGraph(graph, registry, {});
    const program = programOf(prepared.graph, registry);
    const executable = await wasmTarget({ shared }).compile(program, { threads: shared ? 2 : 1, engineFlags: "auto" });
    try {
      const given: TensorData = { dtype: "f32", dims, data: x };
      const outputs = await executable.run(new Map([["x", given]]));
      return [...(outputs.get("y")!.data as Float32Array)];
    } finally {
      executable.dispose();
    }
  } finally {
    await close();
  }
}

const cases = {
  "a product": { bytes: product, dims: [1, columns], want: products },
  "a convolution with a folded normalisation": {
    bytes: normalised,
    dims: [1, columns, 1, 1],
    want: products.map((p, r) => p * ((r % 4) + 1)),
  },
};
for (const [name, { bytes, dims, want }] of Object.entries(cases))
  for (const shared of [true, false])
    for (const from of ["a file", "bytes"])
      test(`${name} from ${from}, ${shared ? "shared memory" : "memory of one worker"}`, async () => {
        const path = join(folder, `${name}.onnx`);
        if (from === "a file") writeFileSync(path, bytes);
        assert.deepEqual(await outputOf(from === "a file" ? path : bytes, dims, shared), want);
      });
