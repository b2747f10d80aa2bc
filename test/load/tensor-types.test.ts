// What the declarations of tensors and runs let a program say. Checked by the compiler: each expected error must be one.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Model, TensorData } from "../../src/index.js";
import { load, Tensor } from "../../src/index.js";
import { node, onnxModel, value } from "../frontends/onnx-model.js";

test("the dtype of a tensor decides its array", async () => {
  const vector = new Tensor("f32", Float32Array.of(1, -2), [2]);
  const element: number | undefined = vector.data[0];
  const wide: bigint | undefined = new Tensor("i64", BigInt64Array.of(7n), []).data[0];
  assert.deepEqual([element, wide], [1, 7n]);
  // @ts-expect-error f32 is no Float64Array
  new Tensor("f32", new Float64Array(2), [2]);
  // @ts-expect-error f16 travels as bits
  new Tensor("f16", new Float32Array(2), [2]);
  // @ts-expect-error there is no such dtype
  new Tensor("float32", new Float32Array(2), [2]);
  const any: TensorData = vector;
  assert.equal(any.dtype, "f32");
});

test("a run's outputs may be typed by the caller", async () => {
  const bytes = onnxModel({
    name: "small",
    inputs: [value("x", 1, ["n"])],
    outputs: [value("y", 1, ["n"])],
    initializers: [],
    nodes: [node("Relu", ["x"], ["y"], [], "cut")],
  });
  const model: Model = await load(bytes, { threads: 1 });
  const inputs = { x: new Tensor("f32", Float32Array.of(1, -2), [2]) };
  const { y } = await model.run<{ y: Tensor<"f32"> }>(inputs);
  const typed: Float32Array = y.data;
  assert.deepEqual([...typed], [1, 0]);
  const { z } = await model.run(inputs);
  // @ts-expect-error an output may be missing, and its dtype is not known
  const untyped: () => Float32Array = () => z.data;
  assert.throws(untyped, TypeError);
  model.dispose();
});
