// Values that share memory: what a reshape or a transpose only renames stays readable where its source is also a piece of a
// concatenation, which would move it to where rows lie farther apart.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, Tensor } from "../../src/index.js";
import type { NodeInit } from "../frontends/onnx-model.js";
import { i64Tensor, int, ints, node, onnxModel, value } from "../frontends/onnx-model.js";

const renamings: Readonly<Record<string, { readonly node: NodeInit; readonly dims: readonly number[] }>> = {
  "a reshape": { node: node("Reshape", ["r", "shape"], ["renamed"]), dims: [2, 12] },
  "a transpose of a dim of 1": {
    node: node("Transpose", ["r"], ["renamed"], [ints("perm", [0, 1, 3, 2])]),
    dims: [2, 3, 1, 4],
  },
};
for (const target of ["interpreter", "wasm"] as const)
  for (const [name, renaming] of Object.entries(renamings))
    test(`${name} of a piece of a concatenation, on ${target}`, async () => {
      const file = onnxModel({
        inputs: [value("x", 1, [2, 3, 4, 1])],
        outputs: [value("whole", 1, [2, 6, 4, 1]), value("negative", 1, renaming.dims)],
        initializers: [i64Tensor("shape", [2], [2, 12])],
        nodes: [
          node("Relu", ["x"], ["r"]),
          renaming.node,
          node("Neg", ["renamed"], ["negative"]),
          node("Concat", ["r", "x"], ["whole"], [int("axis", 1)]),
        ],
      });
      const x = Float32Array.from({ length: 24 }, (_, i) => i - 5);
      const model = await load(file, { target, threads: 1 });
      try {
        const { whole, negative } = await model.run({ x: new Tensor("f32", x, [2, 3, 4, 1]) });
        const r = [...x].map(v => Math.max(v, 0));
        assert.deepEqual(
          [...(negative!.data as Float32Array)],
          r.map(v => -v),
        );
        const pieces = [r.slice(0, 12), [...x.slice(0, 12)], r.slice(12), [...x.slice(12)]];
        assert.deepEqual([...(whole!.data as Float32Array)], pieces.flat());
      } finally {
        model.dispose();
      }
    });
