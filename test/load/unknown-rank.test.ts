// Models whose inputs have no rank in the file: what is known of them before the first run.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoadOptions } from "azulejo";
import { load, Tensor, TextTensor } from "azulejo";
import type { NodeInit } from "../frontends/onnx-model.js";
import {
  elementType,
  floats,
  graphAttribute,
  int,
  ints,
  node,
  onnxModel,
  text,
  value,
} from "../frontends/onnx-model.js";

const { f32, i64, bool, string } = elementType;

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

const branch = (name: string, op: string) =>
  graphAttribute(name, { outputs: [value(name, string)], nodes: [node(op, ["t"], [name])] });
const moved: readonly (readonly [title: string, want: string, nodes: readonly NodeInit[]])[] = [
  ["one operator", "a|c|b|d", [node("Transpose", ["t"], ["y"])]],
  ["two operators", "a|c|b|d", [node("Transpose", ["t"], ["u"]), node("Identity", ["u"], ["y"])]],
  ["several inputs", "a|b|c|d|a|b|c|d", [node("Concat", ["t", "t"], ["y"], [int("axis", 0)])]],
  ["a choice", "a|b|c|d", [node("Where", ["c", "t", "t"], ["y"])]],
  [
    "a branch",
    "a|c|b|d",
    [node("If", ["c"], ["y"], [branch("then_branch", "Transpose"), branch("else_branch", "Identity")])],
  ],
  ["a host step behind", "aa|cc|bb|dd", [node("Transpose", ["t"], ["u"]), node("StringConcat", ["u", "u"], ["y"])]],
];
for (const target of ["interpreter", "wasm"] as const)
  for (const [title, want, nodes] of moved)
    test(`text without a rank stays text behind ${title} on ${target}`, async () => {
      const bytes = onnxModel({
        opset: 21,
        inputs: [value("t", string), value("c", bool)],
        outputs: [value("y", string)],
        nodes: [...nodes],
      });
      const model = await load(bytes, { target, threads: 1 });
      const c = new Tensor("bool", Uint8Array.of(1), [1]);
      const { y } = await model.run<{ y: TextTensor }>({ t: new TextTensor([..."abcd"], [2, 2]), c });
      assert.equal(y.data.join("|"), want);
      model.dispose();
    });

test("an operator with a host step among its parts waits for the rank of its input", async () => {
  const attributes = [
    ints("classlabels_ints", [0, 1, 2]),
    ints("vectors_per_class", [1, 1, 1]),
    floats("support_vectors", [1, 2, 3]),
    floats("coefficients", [1, 1, 1, 1, 1, 1]),
    floats("rho", [0, 0, 0]),
    floats("prob_a", [-1, -1, -1]),
    floats("prob_b", [0, 0, 0]),
    text("kernel_type", "LINEAR"),
  ];
  const classifier = { ...node("SVMClassifier", ["x"], ["label", "shares"], attributes), domain: "ai.onnx.ml" };
  const sharesOf = async (dims?: readonly string[], options: LoadOptions = {}): Promise<number[]> => {
    const bytes = onnxModel({
      domains: { "ai.onnx.ml": 1 },
      inputs: [value("x", f32, dims)],
      outputs: [value("label", i64), value("shares", f32)],
      nodes: [classifier],
    });
    const model = await load(bytes, { threads: 1, ...options });
    const { shares } = await model.run({ x: new Tensor("f32", Float32Array.of(0.5, -1), [2, 1]) });
    model.dispose();
    return [...(shares!.data as Float32Array)];
  };
  assert.deepEqual(await sharesOf(), await sharesOf(["rows", "features"]));
});

test("a loop without rounds gives rows of the dtype that its body has", async () => {
  const body = graphAttribute("body", {
    inputs: [value("i", i64, []), value("goes", bool, []), value("v", f32)],
    outputs: [value("goes", bool, []), value("w", f32), value("row", f32)],
    nodes: [node("Neg", ["v"], ["w"]), node("Abs", ["v"], ["row"])],
  });
  const bytes = onnxModel({
    inputs: [value("m", i64, []), value("x", f32)],
    outputs: [value("last", f32), value("rows", f32)],
    nodes: [node("Loop", ["m", "", "x"], ["last", "rows"], [body])],
  });
  const model = await load(bytes, { threads: 1 });
  const run = (m: bigint) =>
    model.run({ m: new Tensor("i64", BigInt64Array.of(m), []), x: new Tensor("f32", Float32Array.of(2), [1]) });
  assert.deepEqual([(await run(0n)).rows!.dtype, (await run(0n)).rows!.dims], ["f32", [0]]);
  assert.deepEqual((await run(2n)).rows!.dims, [2, 1]);
  model.dispose();
});
