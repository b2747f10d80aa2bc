// explain(): each stage of a small model, as text that says what it should, and refusals.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stage } from "../../src/index.js";
import { explain } from "../../src/index.js";
import { f32Tensor, node, onnxModel, value } from "../frontends/onnx-model.js";

/** y = relu(x · W + b): one kernel. */
const model = onnxModel({
  name: "small",
  inputs: [value("x", 1, ["batch", 4])],
  outputs: [value("y", 1, ["batch", 8])],
  initializers: [f32Tensor("W", [4, 8], Array(32).fill(1)), f32Tensor("b", [8], Array(8).fill(2))],
  nodes: [
    node("MatMul", ["x", "W"], ["xW"], [], "multiply"),
    node("Add", ["xW", "b"], ["s"], [], "shift"),
    node("Relu", ["s"], ["y"], [], "cut"),
  ],
});

test("graph: operators over values with symbolic dims", async () => {
  const text = await explain(model, { stage: "graph" });
  assert.match(text, /^graph small\(x: f32\[batch, 4\]\) -> \(y\) \{\n/);
  assert.match(text, /xW: f32\[batch, 8\] = MatMul@17\(x, W\) multiply\n/);
});

test("kernels: the three nodes are one kernel, in tile IR", async () => {
  const text = await explain(model, { stage: "kernels" });
  assert.match(text, /^\/\/ multiply, shift, cut\nkernel \w+\(/);
  assert.match(text, / = dot\(.+\) over k as f32\n/);
  assert.equal(text.match(/^kernel /gm)?.length, 1);
});

test("kernels shows edits that load would make", async () => {
  const text = await explain(model, {
    stage: "kernels",
    editKernels: kernel => kernel.replace(/max\((\w+), 0\)/, "max($1, 7)"),
  });
  assert.match(text, /max\(\w+, 7\)/);
});

test("loops: schedule, then loop IR; code: functions with sizes and instructions", async () => {
  const loops = await explain(model, { stage: "loops" });
  assert.match(loops, /^kernel \w+\nschedule \{.*\}\nfunc \w+\(params\.0: i32, block\.1: i32, scratch\.2: i32\)\n/m);
  const code = await explain(model, { stage: "code", engineFlags: "never" });
  assert.match(code, /^func \d+ .+, parameters .+, \d+ bytes\n {2}locals .+\n/m);
  assert.match(code, /f32x4\.(relaxed_madd|mul|add)/);
  assert.doesNotMatch(code, /\bbytes [0-9a-f]{2} /, "an instruction that the disassembler does not know");
});

test("an unknown stage is refused", async () => {
  await assert.rejects(explain(model, { stage: "soup" as Stage }), {
    code: "option",
    message: 'stage: "soup" is not one of "graph", "kernels", "loops", "code"; choose one of them',
  });
});

test("a model with host steps: the graph with its types, and the segments between them", async () => {
  const bytes = onnxModel({
    name: "picks",
    inputs: [value("x", 1, ["n"])],
    outputs: [value("y", 1)],
    nodes: [
      node("Neg", ["x"], ["m"], [], "turn"),
      node("NonZero", ["m"], ["i"], [], "find"),
      node("Gather", ["m", "i"], ["y"], [], "pick"),
    ],
  });
  assert.match(
    await explain(bytes, { stage: "graph" }),
    /find\/Prefix_3: i32\[find\/Prefix_3_0\] = azulejo:Prefix@1\(/,
  );
  const kernels = await explain(bytes, { stage: "kernels" });
  assert.deepEqual(
    kernels.split("\n").filter(line => line.startsWith("//")),
    [
      ...["// segment picks (0)", "// turn", "// find/Cast_1", "// find/StablePartition_2", "// find/Shape_4"],
      ...["// segment picks (2)", "// find/UnravelIndex_5, pick"],
    ],
  );
});
