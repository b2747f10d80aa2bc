// Sparse constants: dense behind the front end, whether they are initializers or attributes; what is none is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, Tensor } from "../../src/index.js";
import type { TensorInit } from "./onnx-model.js";
import { f32Tensor, i64Tensor, node, onnxModel, sparseAttribute, value } from "./onnx-model.js";

interface SparseParts {
  readonly values: TensorInit;
  readonly indices: TensorInit;
  readonly dims: bigint[];
}
const sparse = (
  name: string,
  dims: readonly number[],
  values: readonly number[],
  indices: readonly (readonly number[])[],
): SparseParts => {
  const rank = indices[0]?.length ?? 1;
  return {
    values: f32Tensor(name, [values.length], values),
    indices: i64Tensor("", rank === 1 ? [values.length] : [values.length, rank], indices.flat()),
    dims: dims.map(BigInt),
  };
};
const added = (s: SparseParts) =>
  onnxModel({
    opset: 17,
    inputs: [value("x", 1, ["n", 4])],
    outputs: [value("y", 1)],
    sparse: [s],
    nodes: [node("Add", ["x", "W"], ["y"])],
  });
const dense = [0, 5, 0, 0, 0, 0, 0, -2, 3, 0, 0, 0];

for (const [title, indices] of [
  ["positions", [[1], [7], [8]]],
  [
    "an index for each dim",
    [
      [0, 1],
      [1, 3],
      [2, 0],
    ],
  ],
] as const)
  test(`an initializer with ${title}`, async () => {
    const model = await load(added(sparse("W", [3, 4], [5, -2, 3], indices)), { threads: 1 });
    const { y } = await model.run({ x: new Tensor("f32", new Float32Array(12).fill(1), [3, 4]) });
    assert.deepEqual(
      [...(y!.data as Float32Array)],
      dense.map(x => x + 1),
    );
    model.dispose();
  });
test("Constant with sparse_value", async () => {
  const bytes = onnxModel({
    opset: 17,
    inputs: [value("x", 1, ["n", 4])],
    outputs: [value("y", 1)],
    nodes: [
      node("Constant", [], ["W"], [sparseAttribute("sparse_value", sparse("", [3, 4], [5, -2, 3], [[1], [7], [8]]))]),
      node("Add", ["x", "W"], ["y"]),
    ],
  });
  const model = await load(bytes, { threads: 1 });
  const { y } = await model.run({ x: new Tensor("f32", new Float32Array(4), [1, 4]) });
  assert.deepEqual([...(y!.data as Float32Array)], dense);
  model.dispose();
});
test("nothing in it is zeros, and large ones are made when they are read", async () => {
  const model = await load(added({ ...sparse("W", [100, 4], [], []), indices: i64Tensor("", [0], []) }), {
    threads: 1,
  });
  const { y } = await model.run({ x: new Tensor("f32", Float32Array.of(1, 2, 3, 4), [1, 4]) });
  assert.deepEqual([...(y!.data as Float32Array).subarray(0, 8)], [1, 2, 3, 4, 1, 2, 3, 4]);
  model.dispose();
});
for (const [title, s, message] of [
  [
    "an index outside",
    sparse("W", [3, 4], [5], [[12]]),
    'Initializer "W" has a value at index 12 of 12; the file is damaged or was converted badly: export it again',
  ],
  [
    "an index outside of its dim",
    sparse("W", [3, 4], [5], [[0, -1]]),
    'Initializer "W" has a value at index -1 of 4; the file is damaged or was converted badly: export it again',
  ],
  [
    "too few indices",
    { ...sparse("W", [3, 4], [5, 6], [[1], [2]]), indices: i64Tensor("", [1], [1]) },
    'Initializer "W" has 2 values, and its indices are none for them; the file is damaged or was converted badly: export it again',
  ],
  [
    "more than fits",
    sparse("W", [2 ** 20, 2 ** 20], [5], [[1]]),
    'Initializer "W" has 1099511627776 elements, and sparse tensors are stored densely, up to 2 GiB; split it',
  ],
] as const)
  test(`refused: ${title}`, () => assert.rejects(load(added(s), { threads: 1 }), { message }));
