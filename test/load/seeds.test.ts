// Random numbers: with a seed in the model all runs draw the same; without one every run draws anew, unless run() says otherwise.
import assert from "node:assert/strict";
import { test } from "node:test";
import { explain, load, Tensor } from "../../src/index.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { float, graphAttribute, i64Tensor, int, ints, node, onnxModel, value } from "../frontends/onnx-model.js";

const [f32, i64, bool, i32] = [1, 7, 9, 6];
const fills = { name: "draw", outputs: [value("y", f32)] };
const normal = (more: readonly ReturnType<typeof float>[] = []) =>
  onnxModel({ ...fills, nodes: [node("RandomNormal", [], ["y"], [ints("shape", [64]), ...more], "n")] });
const numbers = (t: Tensor | undefined): number[] => Array.from(t!.data as ArrayLike<number | bigint>, Number);

for (const target of ["interpreter", "wasm", "native"] as const)
  test(`every run draws anew, and with a seed the same, on ${target}`, async t => {
    const problem = target === "native" && (await nativeProblem());
    if (problem) return t.skip(problem);
    const model = await load(normal(), { target, threads: 1 });
    try {
      assert.deepEqual(model.inputs, []);
      const draw = async (seed?: number) => numbers((await model.run({}, seed === undefined ? {} : { seed })).y);
      const [a, b, c, d, e] = [await draw(), await draw(), await draw(7), await draw(7), await draw(7 + 2 ** 40)];
      assert.notDeepEqual(a, b);
      assert.deepEqual(c, d);
      assert.notDeepEqual(c, e);
      // another copy of the model draws other numbers, and the same with the same seed
      const other = await load(normal(), { target, threads: 1 });
      assert.notDeepEqual(numbers((await other.run({})).y), a);
      assert.deepEqual(numbers((await other.run({}, { seed: 7 })).y), c);
      other.dispose();
      const mean = a.reduce((s, x) => s + x, 0) / a.length;
      assert.ok(Math.abs(mean) < 0.7, `the mean of 64 standard normal numbers is ${mean}`);
    } finally {
      model.dispose();
    }
  });

test("a seed in the model is the model's: all runs draw the same", async () => {
  const model = await load(normal([float("seed", 3)]), { threads: 1 });
  const [a, b] = [await model.run({}), await model.run({}, { seed: 9 })];
  assert.deepEqual(numbers(a.y), numbers(b.y));
  model.dispose();
});

test("all operators that draw: two nodes differ in one run, and runs differ", async () => {
  const lists = {
    Bernoulli: ["p"],
    Multinomial: ["l"],
    RandomUniformLike: ["p"],
    RandomNormalLike: ["p"],
    Dropout: ["p", "r", "t"],
  };
  const names = Object.keys(lists);
  const model = await load(
    onnxModel({
      opset: 22,
      inputs: [value("p", f32, [300]), value("l", f32, [1, 30])],
      outputs: names.flatMap(op => [`${op}1`, `${op}2`]).map(n => value(n, n.startsWith("Multi") ? i32 : f32)),
      initializers: [
        { name: "t", dataType: bool, dims: [], rawData: Uint8Array.of(1) },
        { name: "r", dataType: f32, dims: [], rawData: new Uint8Array(Float32Array.of(0.5).buffer) },
      ],
      nodes: Object.entries(lists).flatMap(([op, inputs]) =>
        [1, 2].map(i =>
          node(op, inputs, [`${op}${i}`], op === "Multinomial" ? [int("sample_size", 200)] : [], `${op} ${i}`),
        ),
      ),
    }),
    { threads: 1 },
  );
  const inputs = {
    p: new Tensor("f32", new Float32Array(300).fill(0.5), [300]),
    l: new Tensor("f32", new Float32Array(30), [1, 30]),
  };
  const [first, second, third] = [
    await model.run(inputs),
    await model.run(inputs),
    await model.run(inputs, { seed: 1 }),
  ];
  const again = await model.run(inputs, { seed: 1 });
  for (const op of names) {
    assert.notDeepEqual(numbers(first[`${op}1`]), numbers(first[`${op}2`]), op);
    assert.notDeepEqual(numbers(first[`${op}1`]), numbers(second[`${op}1`]), op);
    assert.deepEqual(numbers(third[`${op}1`]), numbers(again[`${op}1`]), op);
  }
  model.dispose();
});

test("Dropout outside of training draws nothing, and asks for no seed", async () => {
  const bytes = onnxModel({
    opset: 22,
    inputs: [value("x", f32, [4])],
    outputs: [value("y", f32)],
    nodes: [node("Dropout", ["x"], ["y"], [], "d")],
  });
  assert.doesNotMatch(await explain(bytes, { stage: "graph" }), /run_seed/);
});

for (const host of [false, true])
  test(`the rounds of a loop draw different numbers${host ? ", with host steps" : ""}`, async () => {
    const body = {
      name: "round",
      inputs: [value("i", i64, []), value("c", bool, []), value("s", f32, [8])],
      outputs: [value("c2", bool, []), value("s2", f32, [8]), value("row", f32, [8])],
      nodes: [
        node("Identity", ["c"], ["c2"], [], "keep"),
        node("RandomUniform", [], ["u"], [ints("shape", [8])], "draw"),
        node("Add", ["s", "u"], ["s2"], [], "add"),
        node("Identity", ["u"], ["row"], [], "row"),
      ],
    };
    const bytes = onnxModel({
      opset: 17,
      inputs: [value("s0", f32, [8])],
      outputs: [value("sum", f32), value("rows", f32), ...(host ? [value("where", i64)] : [])],
      initializers: [i64Tensor("n", [], [5]), { name: "yes", dataType: bool, dims: [], rawData: Uint8Array.of(1) }],
      nodes: [
        node("Loop", ["n", "yes", "s0"], ["sum", "rows"], [graphAttribute("body", body)], "loop"),
        ...(host ? [node("NonZero", ["rows"], ["where"], [], "nz")] : []),
      ],
    });
    const model = await load(bytes, { threads: 1 });
    const s0 = new Tensor("f32", new Float32Array(8), [8]);
    const runs = [await model.run({ s0 }), await model.run({ s0 })];
    const rows = runs.flatMap(({ rows }) =>
      [0, 1, 2, 3, 4].map(r =>
        numbers(rows)
          .slice(r * 8, r * 8 + 8)
          .join(),
      ),
    );
    assert.equal(new Set(rows).size, 10);
    model.dispose();
  });

for (const host of [false, true])
  test(`the rounds of a scan draw different numbers, the same with a seed${host ? ", with host steps" : ""}`, async () => {
    const body = {
      name: "round",
      inputs: [value("s", f32, [8]), value("x", f32, [8])],
      outputs: [value("s2", f32, [8]), value("row", f32, [8])],
      nodes: [
        node("RandomUniform", [], ["u"], [ints("shape", [8])], "draw"),
        node("Add", ["s", "u"], ["s2"], [], "add"),
        node("Add", ["x", "u"], ["row"], [], "row"),
      ],
    };
    const bytes = onnxModel({
      opset: 17,
      inputs: [value("s0", f32, [8]), value("xs", f32, [5, 8])],
      outputs: [value("sum", f32), value("rows", f32), ...(host ? [value("where", i64)] : [])],
      nodes: [
        node("Scan", ["s0", "xs"], ["sum", "rows"], [graphAttribute("body", body), int("num_scan_inputs", 1)], "scan"),
        ...(host ? [node("NonZero", ["rows"], ["where"], [], "nz")] : []),
      ],
    });
    const model = await load(bytes, { threads: 1 });
    const zeros = (...dims: number[]) => new Tensor("f32", new Float32Array(dims.reduce((a, b) => a * b)), dims);
    const inputs = { s0: zeros(8), xs: zeros(5, 8) };
    const rowsOf = async (seed?: number) => {
      const { sum, rows } = await model.run(inputs, seed === undefined ? {} : { seed });
      const all = numbers(rows);
      const total = Array.from({ length: 8 }, (_, i) =>
        [0, 1, 2, 3, 4].reduce((t, r) => Math.fround(t + all[r * 8 + i]!), 0),
      );
      assert.deepEqual(numbers(sum), total);
      return [0, 1, 2, 3, 4].map(r => all.slice(r * 8, r * 8 + 8).join());
    };
    assert.equal(new Set([...(await rowsOf()), ...(await rowsOf())]).size, 10);
    const seeded = await rowsOf(3);
    assert.deepEqual(await rowsOf(3), seeded);
    assert.equal(new Set(seeded).size, 5);
    model.dispose();
  });

/** Rows of a tensor, as text. */
const rowsOf = (t: Tensor | undefined, count: number): string[] => {
  const all = numbers(t);
  const width = all.length / count;
  return Array.from({ length: count }, (_, r) => all.slice(r * width, (r + 1) * width).join());
};
const draw = node("RandomUniform", [], ["u"], [ints("shape", [8])], "draw");

/** All of two runs differ, and with a seed runs are alike. */
async function drawsAnew(bytes: Uint8Array, inputs: Readonly<Record<string, Tensor>>, count: number): Promise<void> {
  const model = await load(bytes, { threads: 1 });
  const rows = async (seed?: number) =>
    rowsOf((await model.run(inputs, seed === undefined ? {} : { seed })).rows as Tensor, count);
  assert.equal(new Set([...(await rows()), ...(await rows())]).size, 2 * count);
  const seeded = await rows(3);
  assert.deepEqual(await rows(3), seeded);
  assert.equal(new Set(seeded).size, count);
  model.dispose();
}
const f32Zeros = (...dims: number[]) => new Tensor("f32", new Float32Array(dims.reduce((a, b) => a * b)), dims);

test("the rounds of a scan of opset 8 draw different numbers, in each entry of its batch", async () => {
  const body = {
    name: "round",
    inputs: [value("s", f32, [8]), value("x", f32, [8])],
    outputs: [value("s2", f32, [8]), value("row", f32, [8])],
    nodes: [draw, node("Add", ["s", "u"], ["s2"], [], "add"), node("Add", ["x", "u"], ["row"], [], "row")],
  };
  const attributes = [graphAttribute("body", body), int("num_scan_inputs", 1)];
  const bytes = onnxModel({
    opset: 8,
    inputs: [value("s0", f32, [3, 8]), value("xs", f32, [3, 5, 8])],
    outputs: [value("last", f32), value("rows", f32)],
    nodes: [node("Scan", ["", "s0", "xs"], ["last", "rows"], attributes, "scan")],
  });
  await drawsAnew(bytes, { s0: f32Zeros(3, 8), xs: f32Zeros(3, 5, 8) }, 15);
});

test("the elements of a SequenceMap draw different numbers", async () => {
  const body = {
    name: "round",
    inputs: [value("x", f32, [8])],
    outputs: [value("row", f32, [8])],
    nodes: [draw, node("Add", ["x", "u"], ["row"], [], "row")],
  };
  const bytes = onnxModel({
    opset: 17,
    inputs: [value("xs", f32, [5, 8])],
    outputs: [value("rows", f32)],
    nodes: [
      node("SplitToSequence", ["xs"], ["list"], [int("keepdims", 0)], "split"),
      node("SequenceMap", ["list"], ["made"], [graphAttribute("body", body)], "map"),
      node("ConcatFromSequence", ["made"], ["rows"], [int("axis", 0)], "join"),
    ],
  });
  await drawsAnew(bytes, { xs: f32Zeros(5, 8) }, 5);
});

test("rounds of a scan within rounds of a scan draw different numbers", async () => {
  const state = (s: string) => value(s, f32, [8]);
  const inner = {
    name: "inner",
    inputs: [state("t"), state("y")],
    outputs: [state("t2"), state("inner_row")],
    nodes: [draw, node("Add", ["t", "u"], ["t2"], [], "add"), node("Add", ["y", "u"], ["inner_row"], [], "row")],
  };
  const attributes = (body: typeof inner) => [graphAttribute("body", body), int("num_scan_inputs", 1)];
  const outer = {
    name: "outer",
    inputs: [state("s"), value("x", f32, [4, 8])],
    outputs: [state("s2"), value("outer_rows", f32, [4, 8])],
    nodes: [node("Scan", ["s", "x"], ["s2", "outer_rows"], attributes(inner), "inner")],
  };
  const bytes = onnxModel({
    opset: 17,
    inputs: [state("s0"), value("xs", f32, [4, 4, 8])],
    outputs: [value("last", f32), value("rows", f32)],
    nodes: [node("Scan", ["s0", "xs"], ["last", "rows"], attributes(outer), "outer")],
  });
  await drawsAnew(bytes, { s0: f32Zeros(8), xs: f32Zeros(4, 4, 8) }, 16);
});

test("a seed that is no whole number is refused", async () => {
  const model = await load(normal(), { threads: 1 });
  await assert.rejects(model.run({}, { seed: 0.5 }), {
    code: "option",
    message: "seed: 0.5 is no whole number; leave it out to draw anew",
  });
  model.dispose();
});
