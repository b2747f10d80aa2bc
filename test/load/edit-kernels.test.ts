// Kernels edited as text: what an edit may not do, said before anything runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, Tensor } from "../../src/index.js";
import { node, onnxModel, value } from "../frontends/onnx-model.js";

/** y = relu(x) */
const model = onnxModel({
  name: "small",
  inputs: [value("x", 1, ["batch", 4])],
  outputs: [value("y", 1, ["batch", 4])],
  initializers: [],
  nodes: [node("Relu", ["x"], ["y"], [], "cut")],
});
const edit = (from: RegExp, to: string) => (text: string) => {
  assert.match(text, from);
  return text.replace(from, to);
};

for (const target of ["interpreter", "wasm"] as const)
  test(`an edit that would write outside of its tensor stops at the sizes of a run (${target})`, async () => {
    const edited = await load(model, {
      target,
      threads: 1,
      editKernels: edit(/store Y\[(\w+), (\w+)\]/, "store Y[$1 + 1, $2]"),
    })
      .then(
        m => m.run({ x: new Tensor("f32", new Float32Array(8), [2, 4]) }).finally(() => m.dispose()),
        (e: Error) => Promise.reject(e),
      )
      .catch((e: Error) => e);
    assert.ok(edited instanceof Error);
    assert.match(edited.message, /"Y" is written along dim 0 up to .*, which must be below its size/);
  });

test("sizes that the kernel does not have are refused", async () => {
  await assert.rejects(load(model, { threads: 1, editKernels: edit(/grid (\w+): \w+/, "symbol Q grid $1: Q") }), {
    code: "kernel",
    message: /^Kernel "Relu": Q is none of the sizes of the kernel it replaces; use \w+$/,
  });
});

test("an edit that breaks the kernel says where", async () => {
  await assert.rejects(load(model, { editKernels: edit(/max\(/, "max0(") }), { code: "kernel" });
  await assert.rejects(load(model, { editKernels: edit(/max\(.*\)/, "max(z, 0)") }), {
    code: "parse",
    message: /^line \d+: value "z" is not defined above; define it or correct the name$/,
  });
});
