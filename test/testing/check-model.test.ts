// checkModel(): a mistake in one node is found there, whether it is in a pass, in a kernel, or only in what is fused; without one nothing departs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { valuesMade, withOutputs } from "../../src/frontends/onnx/outputs.js";
import { mapSubgraphs } from "../../src/graph/values.js";
import type { Graph, Operator, Pass } from "../../src/index.js";
import { memorySource } from "../../src/support/byte-source.js";
import { checkModel } from "../../src/testing/index.js";
import { root } from "../../tools/project.js";
import { elementType, f32Tensor, graphAttribute, int, node, onnxModel, value } from "../frontends/onnx-model.js";

const { f32 } = elementType;
const model = onnxModel({
  name: "chain",
  inputs: [value("x", f32, ["n", 4])],
  outputs: [value("y", f32), value("top", elementType.i64)],
  initializers: [
    f32Tensor(
      "W",
      [4, 8],
      Array.from({ length: 32 }, (_, i) => Math.sin(i)),
    ),
  ],
  nodes: [
    node("MatMul", ["x", "W"], ["a"], [], "multiply"),
    node("Relu", ["a"], ["b"], [], "cut"),
    node("Exp", ["b"], ["c"], [], "grow"),
    node("ReduceSum", ["c"], ["d"], [int("keepdims", 1)], "sum"),
    node("Div", ["c", "d"], ["y"], [], "divide"),
    node("ArgMax", ["y"], ["top"], [int("axis", 1)], "choose"),
  ],
});
const x = { dtype: "f32", dims: [3, 4], data: Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)) } as const;
const options = { judge: "interpreter", threads: 1 } as const;

test("nothing departs where nothing is wrong, and every value was compared", async () => {
  const { compared, skipped, departures, largest, judge, target } = await checkModel(model, { x }, options);
  assert.deepEqual([compared, skipped, departures, judge, target], [6, [], [], "interpreter", "wasm"]);
  assert(largest === undefined || largest.share < 0.1, JSON.stringify(largest));
});

test("values inside of branches are named with those that are not compared", async () => {
  const branch = (name: string, op: string) =>
    graphAttribute(name, {
      name,
      outputs: [value(`${name} y`, f32)],
      nodes: [
        node(op, ["x"], [`${name} inner`], [], op),
        node("Neg", [`${name} inner`], [`${name} y`], [], `${op} turned`),
      ],
    });
  const bytes = onnxModel({
    inputs: [value("x", f32, [3, 4]), value("c", elementType.bool, [])],
    outputs: [value("y", f32)],
    nodes: [node("If", ["c"], ["y"], [branch("then_branch", "Exp"), branch("else_branch", "Tanh")], "choose")],
  });
  const c = { dtype: "bool", dims: [], data: Uint8Array.of(1) } as const;
  const { compared, skipped, departures } = await checkModel(bytes, { x, c }, options);
  assert.deepEqual([compared, departures], [1, []]);
  assert.deepEqual(
    skipped,
    ["then_branch inner", "then_branch y", "else_branch inner", "else_branch y"].map(name => ({
      value: name,
      reason: 'it is inside of If "choose", of which the results are compared',
    })),
  );
});

/** A pass that makes one operator another. */
const swapped = (from: string, to: string): Pass => {
  const swap = (graph: Graph): Graph => ({
    ...graph,
    nodes: graph.nodes.map(n => ({ ...mapSubgraphs(n, swap), op: n.op === from ? to : n.op })),
  });
  return { name: "swap", run: swap };
};

test("the first node that departs is the one with the mistake; what reads it departs too", async () => {
  const { departures } = await checkModel(
    model,
    { x },
    { ...options, passes: builtIn => [swapped("Relu", "Abs"), ...builtIn] },
  );
  const [first] = departures;
  assert.deepEqual([first!.node, first!.operator, first!.value, first!.onlyFused], ["cut", "Relu", "b", false]);
  const { index, got, want, difference } = first!.worst!;
  assert.deepEqual([want, got, index.length], [0, difference, 2]);
  assert(first!.elements > 0 && first!.elements < first!.size && first!.size === 24);
  assert(departures.some(d => d.node === "divide"));
  assert(!departures.some(d => d.node === "multiply"));
});

test("a mistake that shows only in what is fused is told as that", async () => {
  const { departures } = await checkModel(
    model,
    { x },
    {
      ...options,
      // where "b" is stored there is no kernel with all three
      editKernels: (kernel, { nodes }) =>
        ["multiply", "cut", "grow"].every(n => nodes.includes(n))
          ? kernel.replace(/max\((\w+), 0\)/, "max($1, 1)")
          : kernel,
    },
  );
  assert(departures.length > 0);
  assert(
    departures.every(d => d.value !== "a" && d.value !== "b"),
    departures.map(d => d.value).join(),
  );
  // where "a" is stored beside it, "y" is right
  assert.deepEqual(
    departures.filter(d => d.value === "c" || d.value === "y").map(d => [d.value, d.onlyFused]),
    [
      ["c", false],
      ["y", true],
    ],
  );
});

const doubled: Operator = {
  name: "Doubled",
  domain: "com.example",
  inputs: ["X"],
  outputs: ["Y"],
  shape: ({ dims }) => ({ Y: dims.X! }),
  at: ({ inputs }) => ({ Y: (...i) => inputs.X!.at(...i).mul(2) }),
};

test("operators of the user are judged by the interpreter; text and sequences are left out by name", async () => {
  const bytes = onnxModel({
    domains: { "com.example": 1 },
    inputs: [value("x", f32, [2])],
    outputs: [value("y", f32), value("t", elementType.string)],
    nodes: [
      { ...node("Doubled", ["x"], ["d"], [], "double"), domain: "com.example" },
      node("SequenceConstruct", ["d", "x"], ["s"], [], "pack"),
      node("SequenceAt", ["s", "zero"], ["y"], [], "take"),
      node("Cast", ["x"], ["t"], [int("to", elementType.string)], "write"),
    ],
    initializers: [{ name: "zero", dataType: elementType.i64, dims: [], int64Data: [0n] }],
  });
  const input = { dtype: "f32", dims: [2], data: Float32Array.of(1, -3) } as const;
  const { compared, skipped, departures } = await checkModel(bytes, { x: input }, { ...options, operators: [doubled] });
  assert.deepEqual([compared, departures], [2, []]);
  assert.deepEqual(skipped, [
    { value: "s", reason: "it is a sequence" },
    { value: "t", reason: "it is text" },
  ]);
});

test("a model whose types hang on the content of an input is compared for that content", async () => {
  const bytes = onnxModel({
    inputs: [value("x", f32, [6]), value("shape", elementType.i64, [2])],
    outputs: [value("y", f32)],
    nodes: [node("Reshape", ["x", "shape"], ["r"], [], "fold"), node("Softmax", ["r"], ["y"], [], "weigh")],
  });
  const given = {
    x: { dtype: "f32", dims: [6], data: new Float32Array(6).fill(1) },
    shape: { dtype: "i64", dims: [2], data: BigInt64Array.of(2n, 3n) },
  } as const;
  const { compared, skipped } = await checkModel(bytes, given, options);
  assert.deepEqual([compared, skipped], [2, []]);
});

test("what is computed from f16 may differ as f16 does, also where it is f32 again", async () => {
  const bytes = onnxModel({
    inputs: [value("x", elementType.f16, [64])],
    outputs: [value("y", f32)],
    nodes: [
      node("Exp", ["x"], ["e"], [], "grow"),
      node("Tanh", ["e"], ["t"], [], "bound"),
      node("Mul", ["t", "e"], ["m"], [], "weigh"),
      node("Cast", ["m"], ["y"], [int("to", f32)], "widen"),
    ],
  });
  const given = {
    dtype: "f16",
    dims: [64],
    data: Uint16Array.from({ length: 64 }, (_, i) => 0x3000 + i * 37),
  } as const;
  assert.deepEqual((await checkModel(bytes, { x: given }, options)).departures, []);
  // fused, what is between is not rounded to f16: that is seen at the precision of f32
  const { departures } = await checkModel(bytes, { x: given }, { ...options, tolerance: 1e-5 });
  assert(departures.some(d => d.value === "y"));
});

test("a model of which nothing can be compared says so", async () => {
  const bytes = onnxModel({
    inputs: [value("x", f32, [2])],
    outputs: [value("t", elementType.string)],
    nodes: [node("Cast", ["x"], ["t"], [int("to", elementType.string)])],
  });
  const { compared, skipped } = await checkModel(
    bytes,
    { x: { dtype: "f32", dims: [2], data: new Float32Array(2) } },
    options,
  );
  assert.deepEqual([compared, skipped], [0, [{ value: "t", reason: "it is text" }]]);
});

test("tolerance 0 shows every difference", async () => {
  const { departures } = await checkModel(model, { x }, { ...options, tolerance: 0 });
  assert(departures.length > 0 && departures[0]!.node === "multiply", departures.map(d => d.value).join());
});

test("wrong options are refused", async () => {
  await assert.rejects(checkModel(model, { x }, { ...options, tolerance: -1 }), {
    code: "option",
    message: "tolerance: -1 is no number from 0 on; leave it out for the default",
  });
  await assert.rejects(checkModel(model, { x }, { ...options, judge: "me" as "interpreter" }), {
    code: "option",
    message: 'judge: "me" is not one of "interpreter", "onnxruntime"; choose one of them',
  });
});

test("further outputs join those of the file, which stays as it is", async () => {
  const more = withOutputs(model, ["b", "d"]);
  assert.deepEqual(
    (await readOnnx(more)).outputs.map(v => v.name),
    ["y", "top", "b", "d"],
  );
  assert.deepEqual(more.subarray(0, model.length), model);
  assert.deepEqual([...(await valuesMade(memorySource(model)))], ["a", "b", "c", "d", "y", "top"]);
});

// ---- onnxruntime

const peers = join(root, "bench/peers");
const missing = existsSync(join(peers, "node_modules/onnxruntime-node"))
  ? false
  : "onnxruntime-node is not installed; run npm install --ignore-scripts --prefix bench/peers";
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "azulejo-check-"));
});
after(() => rm(folder, { recursive: true }));

/** The command as a user runs it who has onnxruntime beside the model. */
async function check(
  bytes: Uint8Array,
  cwd: string,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const file = join(folder, "model.onnx");
  await writeFile(file, bytes);
  const command = [
    join(root, "dist/lib/cli.js"),
    "run",
    file,
    "--random",
    "--dims",
    "n=3",
    "--check",
    "onnxruntime",
    "--json",
  ];
  return spawnSync(process.execPath, command, { cwd, encoding: "utf8" });
}

test("onnxruntime-node has the same values", { skip: missing }, async () => {
  const { status, stdout, stderr } = await check(model, peers);
  assert.equal(status, 0, stderr);
  const { judge, compared, skipped, departures } = JSON.parse(stdout);
  assert.deepEqual([judge, compared, skipped, departures], ["onnxruntime-node", 6, [], []]);
});

test("what onnxruntime can't run is told with its reason", { skip: missing }, async () => {
  // it has this operator for floats alone
  const bytes = onnxModel({
    inputs: [value("x", elementType.i16, ["n"])],
    outputs: [value("y", elementType.i16)],
    nodes: [node("Relu", ["x"], ["y"])],
  });
  const { status, stderr } = await check(bytes, peers);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^azulejo: onnxruntime-node can't run the model: .+; check against the interpreter\n\(target: see/,
  );
});

test("without onnxruntime the check says what to install", async () => {
  const { status, stdout } = await check(model, root);
  assert.equal(status, 1);
  assert.equal(
    JSON.parse(stdout).error.message,
    "A check against onnxruntime needs the package onnxruntime-node or onnxruntime-web, and neither is installed here; run npm install onnxruntime-node, or check against the interpreter",
  );
});
