// A loop of fixed sizes over what a run has measured before it: its results have those sizes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "../../src/index.js";
import { elementType, f32Tensor, graphAttribute, i64Tensor, node, onnxModel, value } from "../frontends/onnx-model.js";

const { f32, i64, bool } = elementType;

test("states and rows of a loop over the positive elements of a tensor", async () => {
  const body = graphAttribute("body", {
    inputs: [value("i", i64, []), value("go", bool, []), value("s", f32, [null])],
    outputs: [value("goes", bool, []), value("next", f32, [null]), value("row", f32, [null])],
    nodes: [node("Identity", ["go"], ["goes"]), node("Add", ["s", "picked"], ["next"]), node("Neg", ["next"], ["row"])],
  });
  const model = onnxModel({
    inputs: [value("x", f32, ["n"])],
    outputs: [value("y", f32), value("rows", f32)],
    initializers: [
      f32Tensor("zero", [], [0]),
      i64Tensor("axis", [1], [0]),
      i64Tensor("two", [], [2]),
      { name: "true", dataType: bool, dims: [], rawData: Uint8Array.of(1) },
    ],
    nodes: [
      node("Greater", ["x", "zero"], ["positive"]),
      node("NonZero", ["positive"], ["places"]),
      node("Squeeze", ["places", "axis"], ["at"]),
      node("Gather", ["x", "at"], ["picked"]),
      node("Loop", ["two", "true", "picked"], ["y", "rows"], [body]),
    ],
  });
  for (const target of ["wasm", "interpreter"] as const) {
    const net = await load(model, { target, cache: false });
    try {
      for (const data of [[1, -2, 3, 4], [-5, 6], [-7]]) {
        const { y, rows } = await net.run({ x: { dtype: "f32", dims: [data.length], data: Float32Array.from(data) } });
        const picked = data.filter(v => v > 0);
        assert.deepEqual([y!.dims, rows!.dims], [[picked.length], [2, picked.length]]);
        assert.deepEqual(
          [...(y!.data as Float32Array)],
          picked.map(v => 3 * v),
        );
        assert.deepEqual([...(rows!.data as Float32Array)], [...picked.map(v => -2 * v), ...picked.map(v => -3 * v)]);
      }
    } finally {
      net.dispose();
    }
  }
});
