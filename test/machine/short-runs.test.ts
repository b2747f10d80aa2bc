// Which programs the cost model calls short: sizes are known, and everything that runs is counted, steps of recurrent layers too.
import assert from "node:assert/strict";
import { test } from "node:test";
import { prepareGraph, programOf, readGraph, registryFor } from "../../src/load/prepare.js";
import { openModel } from "../../src/load/source.js";
import { isShort } from "../../src/targets/cpu/short-runs.js";
import { elementType, f32Tensor, int, type ModelInit, node, onnxModel, value } from "../frontends/onnx-model.js";

const { f32 } = elementType;
const zeros = (name: string, ...dims: number[]) =>
  f32Tensor(
    name,
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
  );

async function short(init: ModelInit): Promise<boolean> {
  const read = await readGraph(await openModel(onnxModel(init), {}), {});
  const registry = await registryFor(read, {});
  return isShort(programOf((await prepareGraph(read, registry, {})).graph, registry));
}
const product = (rows: number | string, n: number) =>
  short({
    inputs: [value("x", f32, [rows, n])],
    outputs: [value("y", f32)],
    initializers: [zeros("w", n, n)],
    nodes: [node("MatMul", ["x", "w"], ["y"])],
  });
const lstm = (steps: number) =>
  short({
    inputs: [value("x", f32, [steps, 1, 16])],
    outputs: [value("y", f32)],
    initializers: [zeros("w", 1, 128, 16), zeros("r", 1, 128, 32)],
    nodes: [node("LSTM", ["x", "w", "r"], ["y"], [int("hidden_size", 32)])],
  });

test("a few products are short, many are not", async () => {
  assert.equal(await product(1, 64), true);
  assert.equal(await product(1024, 1024), false);
});
test("nothing is short while a size is not known", async () => assert.equal(await product("n", 64), false));
test("all steps of a recurrent layer count", async () => {
  assert.equal(await lstm(1), true);
  assert.equal(await lstm(2000), false);
});
test("calls count, however little they compute", async () => {
  const chain = (length: number) =>
    short({
      inputs: [value("v0", f32, [1, 8])],
      outputs: [value(`v${length}`, f32)],
      initializers: [zeros("w", 8, 8)],
      // products do not join each other
      nodes: Array.from({ length }, (_, i) => node("MatMul", [`v${i}`, "w"], [`v${i + 1}`])),
    });
  assert.equal(await chain(4), true);
  assert.equal(await chain(200), false);
});
