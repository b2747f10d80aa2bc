// Operators of ai.onnx.ml that read or make text and maps, each through load(). Expected values are onnxruntime-node's (1.30), but for
// those of maps, which it does not take.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostMap, HostValue } from "../../src/index.js";
import { load, Tensor, TextTensor } from "../../src/index.js";
import type { AttributeInit, ValueInit } from "../frontends/onnx-model.js";
import { floats, int, ints, onnxModel, strings, text, value } from "../frontends/onnx-model.js";

const [f32, i64, string] = [1, 7, 8];
const codes: Readonly<Record<string, number>> = { f32, i64, string };

type Outputs = Readonly<Record<string, number>>;
async function run(
  op: string,
  X: HostValue,
  outputs: Outputs,
  attribute: AttributeInit[],
  input?: ValueInit,
): Promise<Readonly<Record<string, HostValue>>> {
  const { dtype, dims } = X as Tensor;
  const model = onnxModel({
    opset: 21,
    domains: { "ai.onnx.ml": 3 },
    inputs: [input ?? value("X", codes[dtype]!, ["N", ...dims.slice(1)])],
    outputs: Object.entries(outputs).map(([n, code]) => value(n, code)),
    nodes: [{ opType: op, domain: "ai.onnx.ml", name: "n", input: ["X"], output: Object.keys(outputs), attribute }],
  });
  const loaded = await load(model, { target: "wasm" });
  try {
    return await loaded.run<Record<string, HostValue>>({ X });
  } finally {
    loaded.dispose();
  }
}
const listOf = (v: HostValue): readonly unknown[] => Array.from((v as Tensor).data as ArrayLike<unknown>);
function assertNear(got: HostValue, want: readonly number[]): void {
  const list = listOf(got) as number[];
  assert.equal(list.length, want.length);
  for (const [i, x] of want.entries()) assert.ok(Math.abs(list[i]! - x) < 1e-5, `${i}: ${list[i]} is not ${x}`);
}

const rows = new Tensor("f32", Float32Array.of(0.5, -1, 1.5, 0.25, -0.75, 0.5, 2, 2), [4, 2]);
const words = strings("classlabels_strings", ["a", "b", "c"]);

test("LinearClassifier with labels of text", async () => {
  const { Y, Z } = await run("LinearClassifier", rows, { Y: string, Z: f32 }, [
    words,
    floats("coefficients", [0.5, -1, 2, 1, 0.25, -0.5]),
    floats("intercepts", [0.1, -0.2, 0.3]),
  ]);
  assert.deepEqual(listOf(Y), ["a", "b", "c", "b"]);
  assertNear(Z, [1.35, -0.2, 0.925, 0.6, 3.05, 0.55, -0.775, -1.2, -0.1375, -0.9, 5.8, -0.2]);
});

test("LinearClassifier gives a row of NaN one of its labels, and the other rows theirs", async () => {
  const X = new Tensor("f32", Float32Array.of(NaN, NaN, 1.5, 0.25), [2, 2]);
  const { Y } = await run("LinearClassifier", X, { Y: i64 }, [
    ints("classlabels_ints", [4, 5, 6]),
    floats("coefficients", [0.5, -1, 2, 1, 0.25, -0.5]),
    floats("intercepts", [0.1, -0.2, 0.3]),
  ]);
  const [first, second] = listOf(Y) as bigint[];
  assert.ok([4n, 5n, 6n].includes(first!));
  assert.equal(second, 5n);
});

const vectors = [
  text("kernel_type", "LINEAR"),
  floats("kernel_params", [0, 0, 0]),
  ints("vectors_per_class", [2, 1, 1]),
  floats("support_vectors", [0.5, -1, 1, 0.25, -0.5, 2, 0.75, 0.5]),
  floats("coefficients", [1, 0.5, -0.5, -0.75, 0.25, 0.75, 0.5, -1]),
  floats("rho", [0.125, -0.25, 0.0625]),
];
const shares = [floats("prob_a", [-1, -0.5, -2]), floats("prob_b", [0.125, 0, 0.25])];

test("SVMClassifier with labels of text and shares of classes", async () => {
  const { Y, Z } = await run("SVMClassifier", rows, { Y: string, Z: f32 }, [words, ...vectors, ...shares]);
  assert.deepEqual(listOf(Y), ["a", "a", "b", "c"]);
  const want = [
    0.5184990763664246, 0.046366021037101746, 0.4351348280906677, 0.4704212248325348, 0.06506673246622086,
    0.4645121693611145, 0.10797560960054398, 0.7674463987350464, 0.12457794696092606, 0.2390684336423874,
    0.16891969740390778, 0.5920119285583496,
  ];
  assertNear(Z, want);
});

test("SVMClassifier: lists that don't fit its classes are an error with both lengths", async () => {
  await assert.rejects(
    run("SVMClassifier", rows, { Y: string, Z: f32 }, [words, ...vectors.slice(0, 5), floats("rho", [1])]),
    {
      code: "operator-attribute",
      message: 'SVMClassifier "n": rho has 1 entries; 3 classes and 4 support vectors need 3',
    },
  );
});

test("TreeEnsembleClassifier with labels of text", async () => {
  const { Y } = await run("TreeEnsembleClassifier", rows, { Y: string, Z: f32 }, [
    strings("classlabels_strings", ["low", "high"]),
    ints("class_ids", [0, 1]),
    ints("class_nodeids", [1, 2]),
    ints("class_treeids", [0, 0]),
    floats("class_weights", [1, 1]),
    ints("nodes_treeids", [0, 0, 0]),
    ints("nodes_nodeids", [0, 1, 2]),
    ints("nodes_featureids", [0, 0, 0]),
    floats("nodes_values", [1, 0, 0]),
    strings("nodes_modes", ["BRANCH_LEQ", "LEAF", "LEAF"]),
    ints("nodes_truenodeids", [1, 0, 0]),
    ints("nodes_falsenodeids", [2, 0, 0]),
  ]);
  assert.deepEqual(listOf(Y), ["low", "high", "low", "high"]);
});

const categories = [strings("cats_strings", ["x", "y"]), ints("cats_int64s", [3, 8])];
test("CategoryMapper, both ways", async () => {
  const to = await run("CategoryMapper", new TextTensor(["x", "y", "q"]), { Y: i64 }, [
    ...categories,
    int("default_int64", -5),
  ]);
  assert.deepEqual(listOf(to.Y), [3n, 8n, -5n]);
  const from = await run(
    "CategoryMapper",
    new Tensor("i64", BigInt64Array.of(3n, 8n, 1n), [3]),
    { Y: string },
    categories,
  );
  assert.deepEqual(listOf(from.Y), ["x", "y", "_Unused"]);
});

test("OneHotEncoder of text", async () => {
  const X = new TextTensor(["x", "y", "q", "x"], [2, 2]);
  const known = strings("cats_strings", ["x", "y"]);
  const { Y } = await run("OneHotEncoder", X, { Y: f32 }, [known]);
  assert.deepEqual((Y as Tensor).dims, [2, 2, 2]);
  assert.deepEqual(listOf(Y), [1, 0, 0, 1, 0, 0, 1, 0]);
  await assert.rejects(run("OneHotEncoder", X, { Y: f32 }, [known, int("zeros", 0)]), {
    code: "input",
    message: 'OneHotEncoder "n": "q" is no category, and zeros = 0 forbids it; change X',
  });
});

test("ZipMap: a map for each row", async () => {
  const { Z } = await run("ZipMap", rows, { Z: f32 }, [ints("classlabels_int64s", [4, 7])]);
  assert.deepEqual(
    (Z as readonly HostMap[])[1],
    new Map([
      [4n, 1.5],
      [7n, 0.25],
    ]),
  );
  const columns = run("ZipMap", rows, { Z: f32 }, [strings("classlabels_strings", ["a"])]);
  await assert.rejects(columns, {
    code: "shape",
    message: 'ZipMap "n": X has 2 columns for 1 labels; give one column for each label',
  });
});

const mapInput = (keyType: number, elemType: number): ValueInit => ({
  name: "X",
  type: {
    value: { case: "mapType", value: { keyType, valueType: { value: { case: "tensorType", value: { elemType } } } } },
  },
});

test("CastMap: dense and sparse, numbers and text", async () => {
  const X = new Map([
    [3n, 1.5],
    [0n, -2.5],
  ]);
  const input = mapInput(i64, f32);
  const dense = await run("CastMap", X, { Y: f32 }, [], input);
  assert.deepEqual(listOf(dense.Y), [-2.5, 1.5]);
  const sparse = [text("map_form", "SPARSE"), int("max_map", 5)];
  const whole = await run("CastMap", X, { Y: i64 }, [text("cast_to", "TO_INT64"), ...sparse], input);
  assert.deepEqual(listOf(whole.Y), [-2n, 0n, 0n, 1n, 0n]);
  const words = await run("CastMap", X, { Y: string }, [text("cast_to", "TO_STRING"), ...sparse], input);
  assert.deepEqual(listOf(words.Y), ["-2.5", "0", "0", "1.5", "0"]);
  await assert.rejects(run("CastMap", X, { Y: f32 }, [text("map_form", "SPARSE"), int("max_map", 2)], input), {
    code: "input",
    message: 'CastMap "n": the key 3 of X is no column of 2; use keys of 0..1',
  });
});

test("DictVectorizer: a column for each key of the vocabulary", async () => {
  const X = new Map([
    ["a", 4n],
    ["d", 2n],
  ]);
  const { Y } = await run(
    "DictVectorizer",
    X,
    { Y: i64 },
    [strings("string_vocabulary", ["d", "c", "a"])],
    mapInput(string, i64),
  );
  assert.deepEqual((Y as Tensor).dims, [1, 3]);
  assert.deepEqual(listOf(Y), [2n, 0n, 4n]);
});
