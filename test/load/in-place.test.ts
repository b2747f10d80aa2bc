// Whether results may take the memory of what they are made of: not while the same kernel reads other places of it under another name.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "../../src/index.js";
import { elementType, i64Tensor, int, node, onnxModel, value } from "../frontends/onnx-model.js";

const { f32 } = elementType;
const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => ((i * 7) % 11) - 5);
const identity = (n: number): Float32Array =>
  Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

test("a sum of a tensor and its own slice, and of a concatenation and one of its parts, on wasm", async () => {
  const model = onnxModel({
    inputs: [value("x", f32, [6, 4]), value("e", f32, [4, 4])],
    outputs: [value("y", f32, [6, 4]), value("z", f32, [7, 4])],
    initializers: [i64Tensor("one", [1], [1]), i64Tensor("two", [1], [2]), i64Tensor("zero", [1], [0])],
    nodes: [
      node("MatMul", ["x", "e"], ["p"]),
      node("Slice", ["p", "one", "two", "zero"], ["row"]),
      node("Add", ["p", "row"], ["sum"]),
      node("MatMul", ["sum", "e"], ["y"]),
      node("Neg", ["x"], ["minus"]),
      node("MatMul", ["minus", "e"], ["q"]),
      node("ReduceSum", ["q", "zero"], ["all"], [int("keepdims", 1)]),
      node("Concat", ["all", "q"], ["joined"], [int("axis", 0)]),
      node("Add", ["joined", "all"], ["total"]),
      node("MatMul", ["total", "e"], ["z"]),
    ],
  });
  const x = numbers(24);
  const at = (i: number, j: number): number => x[4 * i + j]!;
  const column = (j: number): number => -[0, 1, 2, 3, 4, 5].reduce((sum, i) => sum + at(i, j), 0);
  const net = await load(model, { cache: false });
  try {
    const { y, z } = await net.run({
      x: { dtype: "f32", dims: [6, 4], data: x },
      e: { dtype: "f32", dims: [4, 4], data: identity(4) },
    });
    assert.deepEqual(
      [...(y!.data as Float32Array)],
      Array.from(x, (v, i) => v + at(1, i % 4)),
    );
    assert.deepEqual(
      [...(z!.data as Float32Array)],
      Array.from({ length: 28 }, (_, i) => (i < 4 ? column(i) : -x[i - 4]!) + column(i % 4)),
    );
  } finally {
    net.dispose();
  }
});
