// Models whose inputs have no rank in the file: what is known of them before the first run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "azulejo";
import { elementType, node, onnxModel, value } from "../frontends/onnx-model.js";

const { f32 } = elementType;

test("an output has the type that the file declares where inference does not know its own", async () => {
  const matmul = onnxModel({
    inputs: [value("a", f32), value("b", f32)],
    outputs: [value("c", f32)],
    nodes: [node("MatMul", ["a", "b"], ["c"])],
  });
  const model = await load(matmul, { threads: 1 });
  try {
    assert.deepEqual(model.outputs, [{ name: "c", dtype: "f32", dims: undefined }]);
    const x = { dtype: "f32", dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) } as const;
    const { c } = await model.run({ a: x, b: x });
    assert.deepEqual(c!.data, Float32Array.of(7, 10, 15, 22));
  } finally {
    model.dispose();
  }
});
