// Which values a kernel computes on the way: what depends on how bodies read, seen in the nodes of each kernel.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Poly } from "../../src/ir/poly.js";
import { load, Tensor } from "../../src/index.js";
import type { Operator } from "../../src/ops/operator.js";
import { elementType, f32Tensor, i64Tensor, int, ints, node, onnxModel, value } from "../frontends/onnx-model.js";

const { f32, i64 } = elementType;
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

test("what is reduced once serves all outputs of a node, each of which has a kernel of its own", async () => {
  const file = onnxModel({
    inputs: [value("x", f32, [4, 3, 8])],
    outputs: [value("y", elementType.u8), value("scale", f32), value("zero", elementType.u8)],
    nodes: [node("DynamicQuantizeLinear", ["x"], ["y", "scale", "zero"])],
  });
  const model = await load(file, { target: "interpreter" });
  const names = model.report().kernels.map(({ name }) => name);
  model.dispose();
  assert.deepEqual(names.sort(), ["QuantizeLinear", "RangeParameters", "RangeParameters", "ReduceMax", "ReduceMin"]);
});

/** y [rows, width]: the sum of columns of exp(x), which are read one by one */
async function slicesOf(dims: readonly [number, number], columns: readonly number[], width: number): Promise<string[]> {
  const sums: Operator = {
    name: "Sums",
    domain: "test",
    inputs: ["X"],
    outputs: ["Y"],
    shape: ({ dims: { X } }) => ({ Y: [X![0]!, Poly.int(width)] }),
    at: ({ inputs: { X } }) => ({ Y: i => columns.map(c => X!.at(i!, c)).reduce((a, b) => a.add(b)) }),
  };
  const file = onnxModel({
    inputs: [value("x", f32, dims)],
    outputs: [value("y", f32, [dims[0], width])],
    domains: { test: 1 },
    nodes: [node("Exp", ["x"], ["e"]), { ...node("Sums", ["e"], ["y"]), domain: "test" }],
  });
  const model = await load(file, { target: "interpreter", operators: [sums] });
  const x = Float32Array.from({ length: dims[0] * dims[1] }, (_, i) => Math.sin(i));
  try {
    const { y } = await model.run({ x: new Tensor("f32", x, dims) });
    const want = (row: number): number => columns.reduce((sum, c) => sum + Math.exp(x[row * dims[1] + c]!), 0);
    (y!.data as Float32Array).forEach((v, i) => {
      const sum = want(Math.floor(i / width));
      // an exponential and a sum, each rounded to f32
      assert.ok(Math.abs(v - sum) < 4 * 2 ** -23 * sum, `[${i}]: ${v} instead of ${sum}`);
    });
    return model.report().kernels.map(({ name }) => name);
  } finally {
    model.dispose();
  }
}

test("slices that are read one by one are computed where they are read, unless that is more than there is", async () => {
  assert.deepEqual(await slicesOf([5, 3], [0, 1, 2], 1), ["Exp_Sums"]);
  assert.deepEqual(await slicesOf([5, 3], [0, 2], 4), ["Exp", "Sums"]);
});

/** a product of what a mean of pixels gives, flattened from channels last */
async function flattened(batch: number): Promise<string[]> {
  const file = onnxModel({
    inputs: [value("x", f32, [batch, 4, 18, 18])],
    outputs: [value("y", f32)],
    initializers: [f32Tensor("w", [324, 8], new Array(324 * 8).fill(0.1))],
    nodes: [
      node("AveragePool", ["x"], ["p"], [ints("kernel_shape", [2, 2]), ints("strides", [2, 2])]),
      node("Flatten", ["p"], ["f"]),
      node("Gemm", ["f", "w"], ["y"]),
    ],
  });
  const model = await load(file, { target: "interpreter" });
  const names = model.report().kernels.map(({ name }) => name);
  model.dispose();
  return names;
}
test("several rows that lie in another order are brought into theirs before a product; one is read as it lies", async () => {
  assert.deepEqual((await flattened(3)).slice(-2), ["Flatten", "Gemm"]);
  assert.deepEqual((await flattened(1)).slice(-1), ["Flatten_Gemm"]);
});

test("an image of one channel lies as its neighbours in the graph do", async () => {
  const file = onnxModel({
    inputs: [value("x", f32, [5, 1, 8, 8])],
    outputs: [value("y", f32)],
    nodes: [
      node("Relu", ["x"], ["r"]),
      node("AveragePool", ["r"], ["p"], [ints("kernel_shape", [2, 2]), ints("strides", [2, 2])]),
      node("Concat", ["p", "p"], ["c"], [int("axis", 1)]),
      node("Flatten", ["c"], ["f"]),
      node("Exp", ["f"], ["y"]),
    ],
  });
  const model = await load(file, { target: "interpreter" });
  const names = model.report().kernels.map(({ name }) => name);
  model.dispose();
  // rows of the concatenation are rows of memory: nothing is brought into another order
  assert.deepEqual(names, ["Relu", "AveragePool", "Copy", "Exp"]);
});

test("gates that are slices of one product read it from memory", async () => {
  const file = onnxModel({
    inputs: [value("x", f32, [1, 32])],
    outputs: [value("y", f32)],
    initializers: [f32Tensor("w", [32, 64], new Array(32 * 64).fill(0.1)), i64Tensor("halves", [2], [32, 32])],
    nodes: [
      node("MatMul", ["x", "w"], ["p"]),
      node("Tanh", ["p"], ["t"]),
      node("Split", ["t", "halves"], ["a", "b"], [int("axis", 1)]),
      node("Mul", ["a", "b"], ["y"]),
    ],
  });
  const model = await load(file, { target: "interpreter" });
  const names = model.report().kernels.map(({ name }) => name);
  model.dispose();
  assert.equal(names[0], "MatMul");
  assert.equal(names.length, 2, names.join());
});

for (const target of ["interpreter", "wasm"] as const)
  test(`elements picked of padding are its fill, and places beyond a slice are refused, on ${target}`, async () => {
    const file = onnxModel({
      inputs: [value("x", f32, [2, 8]), value("at", i64, [2])],
      outputs: [value("padded", f32, [2, 2]), value("cut", f32, [2, 2])],
      nodes: [
        node("Pad", ["x"], ["wide"], [ints("pads", [0, 1, 0, 2])]),
        node("Relu", ["wide"], ["positive"]),
        node("Gather", ["positive", "at"], ["padded"], [int("axis", 1)]),
        node("Slice", ["x"], ["part"], [ints("starts", [2]), ints("ends", [7]), ints("axes", [1])]),
        node("Gather", ["part", "at"], ["cut"], [int("axis", 1)]),
      ],
      opset: 2,
    });
    const model = await load(file, { target, dims: {} });
    const x = new Tensor(
      "f32",
      Float32Array.from({ length: 16 }, (_, i) => i + 1),
      [2, 8],
    );
    const run = (...at: number[]) => model.run({ x, at: new Tensor("i64", BigInt64Array.from(at.map(BigInt)), [2]) });
    try {
      const { padded, cut } = await run(0, 4);
      assert.deepEqual([...padded!.data], [0, 4, 0, 12]);
      assert.deepEqual([...cut!.data], [3, 7, 11, 15]);
      await assert.rejects(run(1, 5), { code: "bounds" });
      await assert.rejects(run(1, 11), { code: "bounds" });
    } finally {
      model.dispose();
    }
  });
