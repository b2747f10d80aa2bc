// Text that operators move: the same models on text and, by hand, what comes out; what computes with it is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, Tensor, TextTensor } from "../../src/index.js";
import type { AttributeInit } from "../frontends/onnx-model.js";
import { int, node, onnxModel, text, value } from "../frontends/onnx-model.js";

type Given = Readonly<Record<string, Tensor | TextTensor>>;
const codes: Readonly<Record<string, number>> = { f32: 1, i64: 7, string: 8, bool: 9 };
const i64 = (dims: readonly number[], ...data: number[]) => new Tensor("i64", BigInt64Array.from(data, BigInt), dims);
const words = (dims: readonly number[], all: string) => new TextTensor([...all], dims);

/** inputs that decide dims are constants, as in models */
async function run(
  op: string,
  inputs: Given,
  attributes: AttributeInit[],
  constant: readonly string[],
  target: "wasm" | "interpreter",
) {
  const names = Object.keys(inputs);
  const model = onnxModel({
    opset: 24,
    inputs: names.filter(n => !constant.includes(n)).map(n => value(n, codes[inputs[n]!.dtype]!, [...inputs[n]!.dims])),
    outputs: [value("y", 8)],
    initializers: constant.map(n => ({
      name: n,
      dataType: 7,
      dims: inputs[n]!.dims.map(BigInt),
      rawData: new Uint8Array((inputs[n] as Tensor<"i64">).data.buffer as ArrayBuffer),
    })),
    nodes: [node(op, names, ["y"], attributes, "n")],
  });
  const loaded = await load(model, { target, threads: 1 });
  try {
    const given = Object.fromEntries(Object.entries(inputs).filter(([n]) => !constant.includes(n)));
    return (await loaded.run<{ y: TextTensor | Tensor }>(given)).y;
  } finally {
    loaded.dispose();
  }
}

const x = words([2, 3], "abcdef");
const cases: readonly (readonly [
  op: string,
  inputs: Given,
  want: string,
  attributes?: AttributeInit[],
  constant?: readonly string[],
])[] = [
  ["Pad", { x, pads: i64([4], 0, 1, 1, 0) }, "|a|b|c||d|e|f||||", [], ["pads"]],
  ["Trilu", { x }, "a|b|c||e|f"],
  ["ScatterElements", { x, i: i64([2, 1], 2, 0), u: words([2, 1], "XY") }, "a|b|X|Y|e|f", [int("axis", 1)]],
  ["ScatterND", { x, i: i64([1, 2], 1, 2), u: words([1], "Z") }, "a|b|c|d|e|Z"],
  ["DepthToSpace", { x: words([1, 4, 1, 1], "abcd") }, "a|b|c|d", [int("blocksize", 2)]],
  ["SpaceToDepth", { x: words([1, 1, 2, 2], "abcd") }, "a|b|c|d", [int("blocksize", 2)]],
  ["ReverseSequence", { x, l: i64([3], 2, 1, 2) }, "d|b|f|a|e|c", [int("batch_axis", 1), int("time_axis", 0)]],
  ["CenterCropPad", { x, s: i64([2], 2, 1) }, "b|e", [], ["s"]],
  ["OneHot", { i: i64([2], 1, 0), d: i64([], 2), v: new TextTensor(["no", "yes"]) }, "no|yes|yes|no", [], ["d"]],
  [
    "Resize",
    { x, roi: i64([0]), scales: i64([0]), sizes: i64([2], 2, 6) },
    "a|a|b|b|c|c|d|d|e|e|f|f",
    [text("mode", "nearest")],
    ["sizes"],
  ],
  ["CastLike", { x: new Tensor("f32", Float32Array.of(1.5, -2), [2]), t: new TextTensor(["?"]) }, "1.5|-2"],
];
for (const target of ["interpreter", "wasm"] as const)
  for (const [op, inputs, want, attributes = [], constant = []] of cases)
    test(`${op} of text on ${target}`, async () => {
      const given = op === "Resize" ? { x: inputs.x!, sizes: inputs.sizes! } : inputs;
      if (op === "Resize") {
        // absent inputs between present ones
        const bytes = onnxModel({
          opset: 24,
          inputs: [value("x", 8, [2, 3])],
          outputs: [value("y", 8)],
          initializers: [
            { name: "sizes", dataType: 7, dims: [2n], rawData: new Uint8Array(BigInt64Array.of(2n, 6n).buffer) },
          ],
          nodes: [node("Resize", ["x", "", "", "sizes"], ["y"], attributes, "n")],
        });
        const model = await load(bytes, { target, threads: 1 });
        const { y } = await model.run<{ y: TextTensor }>({ x: given.x! });
        assert.equal(y.data.join("|"), want);
        model.dispose();
        return;
      }
      const y = await run(op, inputs, attributes, constant, target);
      assert.equal((y as TextTensor).data.join("|"), want);
    });

test("text becomes the numbers of another tensor's dtype", async () => {
  const t = new Tensor("f32", Float32Array.of(0), [1]);
  const bytes = onnxModel({
    opset: 24,
    inputs: [value("x", 8, ["n"]), value("t", 1, [1])],
    outputs: [value("y", 1)],
    nodes: [node("CastLike", ["x", "t"], ["y"], [], "n")],
  });
  const model = await load(bytes, { threads: 1 });
  const { y } = await model.run<{ y: Tensor<"f32"> }>({ x: new TextTensor(["1.5", "-7"]), t });
  assert.deepEqual([...y.data], [1.5, -7]);
  model.dispose();
});

test("refused: text that would be added up", () =>
  assert.rejects(
    run(
      "ScatterElements",
      { x, i: i64([2, 1], 2, 0), u: words([2, 1], "XY") },
      [int("axis", 1), text("reduction", "add")],
      [],
      "wasm",
    ),
    {
      code: "operator-unsupported",
      message: 'ScatterElements "n": "x" is string[2, 3], which ScatterElements does not take; convert it first',
    },
  ));

const normalized = (locale: string) =>
  run(
    "StringNormalizer",
    { x: new TextTensor(["Ab", "I"]) },
    [text("case_change_action", "LOWER"), text("locale", locale)],
    [],
    "wasm",
  );
for (const [locale, want] of [
  ["C", "ab|i"],
  ["POSIX", "ab|i"],
  ["en_US.UTF-8", "ab|i"],
  ["tr_TR", "ab|ı"],
] as const)
  test(`StringNormalizer in the locale ${locale}`, async () => {
    assert.equal(((await normalized(locale)) as TextTensor).data.join("|"), want);
  });
test("refused: a locale of no language", () =>
  assert.rejects(normalized("not a one"), {
    code: "operator-attribute",
    message: 'StringNormalizer "n": locale "not a one" names no language; write one as en_US, or leave it out',
  }));
