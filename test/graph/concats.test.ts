// Concatenations without copies: where values lie that several of them hold.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, Tensor } from "azulejo";
import {
  elementType,
  f32Tensor,
  graphAttribute,
  i64Tensor,
  int,
  ints,
  node,
  onnxModel,
  value,
} from "../frontends/onnx-model.js";

const { f32, i64, bool } = elementType;
const numbers = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * 1.3 + seed)));

/** Convolutions to 4 channels, each of a concatenation; `joins` names what each one holds, the last is the output. */
function denseBlock(joins: readonly (readonly string[])[]): Uint8Array {
  const channels = (names: readonly string[]): number => 4 * names.length;
  return onnxModel({
    inputs: [value("x", f32, [1, 4, "h", "w"])],
    outputs: [value("y", f32)],
    initializers: joins.map((names, i) =>
      f32Tensor(`w${i}`, [4, channels(names), 3, 3], numbers(144 * names.length, i)),
    ),
    nodes: joins.flatMap((names, i) => [
      node("Concat", [...names], [`cat${i}`], [int("axis", 1)]),
      node("Conv", [`cat${i}`, `w${i}`], [i === joins.length - 1 ? "y" : `c${i}`], [ints("pads", [1, 1, 1, 1])]),
    ]),
  });
}
async function run(file: Uint8Array, target: "wasm" | "interpreter"): Promise<{ kernels: string[]; y: Float32Array }> {
  const model = await load(file, { target, threads: 1 });
  try {
    const x = new Tensor("f32", Float32Array.from(numbers(4 * 35, 9)), [1, 4, 5, 7]);
    const { y } = await model.run({ x });
    return { kernels: model.report().kernels.flatMap(k => k.nodes), y: y!.data as Float32Array };
  } finally {
    model.dispose();
  }
}
async function same(file: Uint8Array): Promise<string[]> {
  const [have, want] = [await run(file, "wasm"), await run(file, "interpreter")];
  have.y.forEach((v, i) => assert.ok(Math.abs(v - want.y[i]!) <= 1e-4 * Math.max(1, Math.abs(want.y[i]!)), `${i}`));
  return have.kernels;
}

test("a dense block: every layer's concatenation is a part of the last one, nothing is copied or computed twice", async () => {
  const kernels = await same(denseBlock([["x"], ["c0", "c1"].slice(0, 1), ["c0", "c1"], ["c0", "c1", "c2"]]));
  const own = kernels.filter(k => k.startsWith("Conv"));
  assert.equal(own.length, 4, kernels.join());
  assert.ok(!kernels.some(k => /^c\d$/.test(k)), kernels.join());
});

test("concatenations of concatenations are one: the outermost", async () => {
  const file = onnxModel({
    inputs: [value("x", f32, [1, 4, "h", "w"])],
    outputs: [value("y", f32)],
    initializers: [4, 8, 12].map((c, i) => f32Tensor(`w${i}`, [4, c, 3, 3], numbers(36 * c, i))),
    nodes: [
      node("Relu", ["x"], ["r"]),
      ...[0, 1, 2].flatMap(i => [
        node("Conv", [i === 0 ? "r" : `cat${i - 1}`, `w${i}`], [`c${i}`], [ints("pads", [1, 1, 1, 1])]),
        node("Concat", [i === 0 ? "r" : `cat${i - 1}`, `c${i}`], [`cat${i}`], [int("axis", 1)]),
      ]),
      node("Exp", ["cat2"], ["y"]),
    ],
  });
  const kernels = await same(file);
  assert.ok(!kernels.some(k => /^(r|c\d|cat\d)$/.test(k)), kernels.join());
  assert.equal(kernels.filter(k => k.startsWith("Conv")).length, 3, kernels.join());
});

test("in another order values are copied; none is computed again", async () => {
  const kernels = await same(denseBlock([["x"], ["c0", "x"], ["c1", "c0"], ["c0", "c1", "c2"]]));
  assert.equal(kernels.filter(k => k.startsWith("Conv")).length, 4, kernels.join());
  assert.ok(kernels.includes("c0") || kernels.includes("c1"), kernels.join());
});

test("what is an output, or stands twice in a concatenation, keeps its values", async () => {
  const file = onnxModel({
    inputs: [value("x", f32, [1, 3, "n"])],
    outputs: [value("a", f32), value("y", f32), value("z", f32)],
    nodes: [
      node("Relu", ["x"], ["a"]),
      node("Neg", ["x"], ["b"]),
      node("Concat", ["b", "a"], ["y"], [int("axis", 1)]),
      node("Concat", ["b", "a", "b", "a"], ["t"], [int("axis", 1)]),
      node("Exp", ["t"], ["z"]),
    ],
  });
  const model = await load(file, { threads: 1 });
  const x = Float32Array.from([-1, 2, -3, 4, -5, 6]);
  const out = await model.run({ x: new Tensor("f32", x, [1, 3, 2]) });
  model.dispose();
  const [a, b] = [x.map(v => Math.max(v, 0)), x.map(v => -v)];
  assert.deepEqual([...(out.a!.data as Float32Array)], [...a]);
  assert.deepEqual([...(out.y!.data as Float32Array)], [...b, ...a]);
  const t = [...b, ...a, ...b, ...a];
  (out.z!.data as Float32Array).forEach((v, i) => assert.ok(Math.abs(v - Math.exp(t[i]!)) <= 1e-5 * Math.exp(t[i]!)));
});

test("a loop's first states are copies of what is computed once", async () => {
  const file = onnxModel({
    inputs: [value("x", f32, [2, 3])],
    outputs: [value("y", f32), value("s", f32)],
    initializers: [f32Tensor("w", [3, 3], numbers(9, 2)), i64Tensor("rounds", [], [3])],
    nodes: [
      node("MatMul", ["x", "w"], ["p"]),
      node(
        "Loop",
        ["rounds", "", "p"],
        ["y"],
        [
          graphAttribute("body", {
            inputs: [value("i", i64, []), value("c", bool, []), value("s0", f32, [2, 3])],
            outputs: [value("c1", bool, []), value("s1", f32, [2, 3])],
            nodes: [node("Identity", ["c"], ["c1"]), node("Add", ["s0", "p"], ["s1"])],
          }),
        ],
      ),
      node("Neg", ["p"], ["s"]),
    ],
  });
  const model = await load(file, { threads: 1 });
  const out = await model.run({ x: new Tensor("f32", Float32Array.from([1, 2, 3, 4, 5, 6]), [2, 3]) });
  const products = model.report().kernels.filter(({ name }) => name.includes("MatMul"));
  assert.equal(products.length, 1);
  model.dispose();
  (out.y!.data as Float32Array).forEach((v, i) =>
    assert.ok(Math.abs(v + 4 * (out.s!.data as Float32Array)[i]!) < 1e-5),
  );
});
