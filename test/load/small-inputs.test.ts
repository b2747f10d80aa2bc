// Inputs that leave less than nothing: a window larger than the image. Refused in a sentence, whether dims are numbers or symbols; what fits
// runs afterwards.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, Tensor } from "../../src/index.js";
import type { NodeInit } from "../frontends/onnx-model.js";
import { graphAttribute, i64Tensor, int, ints, node, onnxModel, value } from "../frontends/onnx-model.js";
import { f32Tensor } from "../frontends/onnx-model.js";

const convolution = onnxModel({
  inputs: [value("x", 1, [1, 1, "size"])],
  outputs: [value("y", 1)],
  initializers: [f32Tensor("w", [1, 1, 5], [1, 1, 1, 1, 1])],
  nodes: [node("Conv", ["x", "w"], ["y"], [], "conv")],
});
const image = (size: number): Tensor => new Tensor("f32", new Float32Array(size).fill(1), [1, 1, size]);

for (const target of ["wasm", "interpreter"] as const)
  test(`an image below the size of a window, on ${target}`, async () => {
    const model = await load(convolution, { target, threads: 1 });
    try {
      await assert.rejects(model.run({ x: image(3) }), {
        name: "AzulejoError",
        code: "shape",
        message:
          'Conv "conv": the window of 5 taps (dilation 1) is larger than spatial axis 0 with 3 elements and its pads; use more padding or a smaller window',
      });
      const { y } = await model.run<{ y: Tensor }>({ x: image(6) });
      assert.deepEqual(
        [y.dims, [...(y.data as Float32Array)]],
        [
          [1, 1, 2],
          [5, 5],
        ],
      );
    } finally {
      model.dispose();
    }
  });

const transposed = (y: string) => node("ConvTranspose", ["x", "w"], [y], [ints("pads", [1, 1])], `to ${y}`);
const branch = (y: string) => ({ outputs: [value(y, 1)], nodes: [transposed(y)] });
const branches = [graphAttribute("then_branch", branch("a")), graphAttribute("else_branch", branch("b"))];
const less: readonly { title: string; nodes: NodeInit[]; says: string }[] = [
  {
    title: "pads that leave less than nothing of a transposed convolution, though its sum is there",
    nodes: [transposed("z"), node("ReduceSum", ["z"], ["y"])],
    says: 'ConvTranspose "to z": its output Y would have dims [1, 1, -1], and none can be below 0; correct the inputs or attributes that decide them',
  },
  {
    title: "the same in either branch",
    nodes: [node("If", ["c"], ["y"], branches)],
    says: 'ConvTranspose "to a": its output Y would have dims [1, 1, -1], and none can be below 0; correct the inputs or attributes that decide them',
  },
];
for (const { title, nodes, says } of less)
  test(title, async () => {
    const bytes = onnxModel({
      inputs: [value("x", 1, [1, 1, "size"]), value("c", 9, [])],
      outputs: [value("y", 1)],
      initializers: [f32Tensor("w", [1, 1, 1], [1])],
      nodes,
    });
    const model = await load(bytes, { target: "wasm", threads: 1 });
    const run = (size: number) => model.run({ x: image(size), c: { dtype: "bool", dims: [], data: Uint8Array.of(1) } });
    try {
      await assert.rejects(run(1), { name: "AzulejoError", code: "shape", message: says });
      assert.deepEqual([...(await run(3)).y!.data], [1]);
    } finally {
      model.dispose();
    }
  });

test("a size below 0 that is known when the model is compiled", async () => {
  const model = onnxModel({
    outputs: [value("y", 1)],
    initializers: [i64Tensor("size", [], [-1])],
    nodes: [node("HannWindow", ["size"], ["y"], [int("periodic", 1)], "window")],
  });
  await assert.rejects(load(model), {
    name: "AzulejoError",
    code: "shape",
    message:
      'HannWindow "window": its output output would have dims [-1], and none can be below 0; correct the inputs or attributes that decide them',
  });
});
