// Models with host steps: text, sequences and optionals through the public interface, and what is said when something does not fit.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HostValue, Model } from "../../src/index.js";
import { load, Tensor, TextTensor } from "../../src/index.js";
import type { ModelInit, ValueInit } from "../frontends/onnx-model.js";
import { elementType, i64Tensor, int, node, onnxModel, text, value } from "../frontends/onnx-model.js";

const { f32, i64, bool, string: STRING } = elementType;
const sequence = (name: string, elemType: number): ValueInit => ({
  name,
  type: {
    value: {
      case: "sequenceType",
      value: { elemType: { value: { case: "tensorType", value: { elemType } } } },
    },
  },
});
const floats = (...list: number[]): Tensor => new Tensor("f32", Float32Array.from(list), [list.length]);

async function withModel(init: ModelInit, test: (model: Model) => Promise<void>): Promise<void> {
  for (const target of ["interpreter", "wasm"] as const) {
    const model = await load(onnxModel(init), { target, threads: 1, engineFlags: "never" });
    try {
      await test(model);
    } finally {
      model.dispose();
    }
  }
}

describe("text", () => {
  it("is moved and compared as handles, in one compiled segment", () =>
    withModel(
      {
        inputs: [value("x", STRING, ["n"]), value("i", i64, ["k"])],
        outputs: [value("picked", STRING), value("same", bool)],
        nodes: [
          node("Gather", ["x", "i"], ["g"]),
          node("Concat", ["g", "x"], ["c"], [int("axis", 0)]),
          node("Reshape", ["c", "pair"], ["picked"]),
          node("Equal", ["picked", "b"], ["same"]),
        ],
        initializers: [
          i64Tensor("pair", [2], [2, -1]),
          { name: "b", dataType: STRING, dims: [], stringData: [new TextEncoder().encode("b")] },
        ],
      },
      async model => {
        assert.deepEqual(model.inputs[0], { name: "x", dtype: "string", dims: ["n"] });
        const x = new TextTensor(["a", "b", "ü"]);
        const out = await model.run<{ picked: TextTensor; same: Tensor }>({
          x,
          i: new Tensor("i64", BigInt64Array.of(2n), [1]),
        });
        assert.ok(out.picked instanceof TextTensor);
        assert.deepEqual(
          [out.picked.dims, out.picked.data],
          [
            [2, 2],
            ["ü", "a", "b", "ü"],
          ],
        );
        assert.deepEqual([...out.same.data], [0, 0, 1, 0]);
        assert.deepEqual(
          model.report().notes.filter(n => n.startsWith("host steps")),
          [],
        );
      },
    ));
  it("is made of numbers and read as numbers", () =>
    withModel(
      {
        inputs: [value("x", f32, ["n"])],
        outputs: [value("written", STRING), value("read", f32)],
        nodes: [
          node("Cast", ["x"], ["written"], [int("to", STRING)], "write"),
          node("Cast", ["written"], ["again"], [int("to", 1)], "read"),
          node("Neg", ["again"], ["read"]),
        ],
      },
      async model => {
        const x = floats(0.1, -2, Number.NaN, Number.NEGATIVE_INFINITY, 1e20);
        const out = await model.run<{ written: TextTensor; read: Tensor }>({ x });
        assert.deepEqual(out.written.data, ["0.1", "-2", "NaN", "-INF", "100000000000000000000"]);
        assert.deepEqual(
          [...out.read.data],
          [...x.data].map(v => -Number(v)),
        );
        assert.ok(
          model
            .report()
            .notes.includes('host steps: Cast "write" (it looks into text); Cast "read" (it looks into text)'),
          String(model.report().notes),
        );
      },
    ));
  it("is refused where it is no number, or where an operator computes", async () => {
    await withModel(
      {
        inputs: [value("x", STRING, ["n"])],
        outputs: [value("y", i64)],
        nodes: [node("Cast", ["x"], ["y"], [int("to", 7)], "c")],
      },
      async model => {
        await assert.rejects(model.run({ x: new TextTensor(["7", "seven"]) }), {
          code: "input",
          message: 'Cast "c": "seven" is no i64; give texts that are numbers',
        });
        const { y } = await model.run({ x: new TextTensor(["7", "-8"]) });
        assert.deepEqual([...y!.data], [7n, -8n]);
      },
    );
    const adds = {
      inputs: [value("x", STRING, ["n"])],
      outputs: [value("y", STRING)],
      nodes: [node("Add", ["x", "x"], ["y"], [], "a")],
    };
    await assert.rejects(load(onnxModel(adds), { threads: 1 }), {
      code: "operator-unsupported",
      message: 'Add "a": "x" is string[n], which Add does not take; convert it first',
    });
  });
  it("with patterns that can't be read is refused when the model is loaded", () =>
    assert.rejects(
      load(
        onnxModel({
          opset: 20,
          inputs: [value("x", STRING, ["n"])],
          outputs: [value("y", bool)],
          nodes: [node("RegexFullMatch", ["x"], ["y"], [text("pattern", "(a")], "r")],
        }),
        { threads: 1 },
      ),
      {
        code: "operator-attribute",
        message:
          /^RegexFullMatch "r": pattern "\(a" can't be read \(.*\); write it with what RE2 and JavaScript have in common$/,
      },
    ));
});

describe("sequences", () => {
  const joining: ModelInit = {
    inputs: [sequence("parts", f32)],
    outputs: [value("all", f32), sequence("others", f32)],
    nodes: [
      node("ConcatFromSequence", ["parts"], ["c"], [int("axis", 0)], "join"),
      node("Neg", ["c"], ["all"]),
      node("SequenceErase", ["parts", "zero"], ["others"], [], "erase"),
    ],
    initializers: [i64Tensor("zero", [], [0])],
  };
  it("are arrays of tensors", () =>
    withModel(joining, async model => {
      assert.deepEqual(model.inputs[0], { name: "parts", dtype: "f32", dims: undefined, container: "sequence" });
      for (const last of [floats(3), floats(3, 4)]) {
        const out = await model.run<{ all: Tensor; others: Tensor[] }>({ parts: [floats(1, 2), last] });
        assert.deepEqual([...out.all.data], [-1, -2, ...[...last.data].map(x => -Number(x))]);
        assert.deepEqual(out.others, [last]);
      }
    }));
  const wrong: readonly { title: string; parts: HostValue; code: string; message: string }[] = [
    {
      title: "that are missing",
      parts: undefined,
      code: "input",
      message: 'Input "parts" is missing; give an array of tensors of f32 [any rank]',
    },
    {
      title: "that are tensors",
      parts: floats(1),
      code: "input",
      message: 'Input "parts" is no array; give an array of tensors of f32 [any rank]',
    },
    {
      title: "with an element of another dtype",
      parts: [floats(1), new Tensor("i32", Int32Array.of(1), [1])],
      code: "input",
      message: 'Input "parts", element 1, is i32, and the model takes f32 [any rank]; convert it',
    },
    {
      title: "of nothing, where there must be something",
      parts: [],
      code: "shape",
      message: 'ConcatFromSequence "join": its sequence is empty; give one with at least one tensor',
    },
    {
      title: "whose tensors don't fit together",
      parts: [floats(1), new Tensor("f32", new Float32Array(2), [1, 2])],
      code: "shape",
      message:
        'ConcatFromSequence "join": tensors of [1] and [1, 2] do not fit together along axis 0; make their other dims equal',
    },
  ];
  for (const { title, parts, code, message } of wrong)
    it(`are refused: ${title}`, () =>
      withModel(joining, async model => {
        await assert.rejects(model.run({ parts }), { code, message });
        assert.equal((await model.run({ parts: [floats(1)] })).all!.data.length, 1);
      }));
});

describe("results whose size hangs on data", () => {
  it("are dims like others for what follows: it is compiled once", () =>
    withModel(
      {
        inputs: [value("x", f32, ["n"])],
        outputs: [value("y", f32)],
        nodes: [
          node("NonZero", ["x"], ["where"]),
          node("Squeeze", ["where", "first"], ["i"]),
          node("Gather", ["x", "i"], ["kept"]),
          node("Neg", ["kept"], ["y"]),
        ],
        initializers: [i64Tensor("first", [1], [0])],
      },
      async model => {
        const kernels = model.report().kernels.map(k => k.name);
        for (const list of [
          [0, 1, 0, 2],
          [0, 0],
          [3, 4, 5],
        ]) {
          const { y } = await model.run({ x: floats(...list) });
          assert.deepEqual(
            [...y!.data],
            list.filter(v => v !== 0).map(v => -v),
          );
        }
        assert.deepEqual(
          model.report().kernels.map(k => k.name),
          kernels,
        );
        assert.ok(kernels.length > 0);
      },
    ));
});
