// Which values a kernel computes on the way: what depends on how bodies read, seen in the nodes of each kernel.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "../../src/index.js";
import { elementType, int, ints, node, onnxModel, value } from "../frontends/onnx-model.js";

const { f32 } = elementType;
type Dims = readonly (number | string)[];

/** y = x ÷ the largest of x over axes */
async function kernelsOf(dims: Dims, axes: readonly number[]): Promise<string[]> {
  const file = onnxModel({
    inputs: [value("x", f32, dims)],
    outputs: [value("y", f32, dims)],
    nodes: [
      node("ReduceMax", ["x"], ["most"], [ints("axes", axes), int("keepdims", 1)]),
      node("Exp", ["most"], ["scale"]),
      node("Div", ["x", "scale"], ["y"]),
    ],
  });
  const model = await load(file, { target: "interpreter" });
  try {
    return model.report().kernels.map(({ name }) => name);
  } finally {
    model.dispose();
  }
}

test("what is reduced for a row is computed where the row is", async () => {
  assert.deepEqual(await kernelsOf(["rows", 8], [1]), ["ReduceMax_Exp_Div"]);
  assert.deepEqual(await kernelsOf([1, 8], [0, 1]), ["ReduceMax_Exp_Div"]);
});

test("a number for all rows is stored: each block of rows would compute it again from all of them", async () => {
  for (const kernels of [await kernelsOf(["rows", 8], [0, 1]), await kernelsOf([4, 3, 8], [0, 1, 2])]) {
    assert.equal(kernels[0], "ReduceMax");
    assert.equal(kernels.length, 2);
  }
});
