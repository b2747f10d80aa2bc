// Runs of many sizes at once on CPU targets: plans are kept for 64 sets of dims, and a run has its own until it ends.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { load, Tensor } from "../../src/index.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { elementType, f32Tensor, ints, node, onnxModel, value } from "../frontends/onnx-model.js";

const { f32 } = elementType;
const count = (dims: readonly number[], step: number): Tensor => {
  const length = dims.reduce((a, b) => a * b, 1);
  return new Tensor(
    "f32",
    Float32Array.from({ length }, (_, i) => (i * step) % 7),
    dims,
  );
};
const weights = (name: string, dims: readonly number[]) =>
  f32Tensor(
    name,
    dims,
    [...count(dims, 2).data].map(v => Number(v) - 3),
  );

const subjects = [
  { target: "wasm", threads: 1 },
  { target: "wasm", threads: 2 },
  { target: "native", threads: 2 },
] as const;
type Subject = (typeof subjects)[number];

/** On each target, skipped by name where there is no compiler or no koffi. */
function onEach(what: string, body: (options: Subject) => Promise<void>): void {
  for (const options of subjects)
    test(`${options.target}, ${options.threads} threads: ${what}`, async (t: TestContext) => {
      const problem = options.target === "native" ? await nativeProblem() : undefined;
      if (problem) return t.skip(problem);
      await body(options);
    });
}

onEach("more sizes at once than plans are kept", async options => {
  const bytes = onnxModel({
    inputs: [value("x", f32, ["n", "m"]), value("w", f32, ["m", "k"])],
    outputs: [value("y", f32)],
    nodes: [node("MatMul", ["x", "w"], ["p"]), node("Softmax", ["p"], ["s"]), node("Add", ["p", "s"], ["y"])],
  });
  const model = await load(bytes, options);
  const oracle = await load(bytes, { target: "interpreter" });
  try {
    const given = Array.from({ length: 150 }, (_, i) => {
      const m = 1 + (i % 5);
      return { x: count([1 + i, m], 3), w: count([m, 1 + (i % 11)], 5) };
    });
    const want = await Promise.all(given.map(inputs => oracle.run(inputs)));
    // plans of runs that wait are pushed out of the cache by those that begin, and later ones are made while they still wait
    for (let round = 0; round < 10; round++) {
      const first = given.slice(0, 140).map(inputs => model.run(inputs));
      await new Promise(resolve => setTimeout(resolve, round % 3));
      const got = await Promise.all([...first, ...given.slice(140).map(inputs => model.run(inputs))]);
      got.forEach(({ y }, i) => {
        for (const [at, v] of want[i]!.y!.data.entries())
          assert.ok(Math.abs(Number(y!.data[at]) - Number(v)) <= 1e-4, `run ${i}: [${at}] is ${y!.data[at]}, not ${v}`);
      });
    }
  } finally {
    model.dispose();
    oracle.dispose();
  }
});

onEach("runs and profiles of two sizes in turn have their own tables", async options => {
  // windows of 16 channels go by tables of pointers, which a plan makes in memory that the other one uses
  const bytes = onnxModel({
    inputs: [value("x", f32, [1, 16, "h", "w"])],
    outputs: [value("y", f32)],
    initializers: [weights("e", [16, 16, 1, 1]), weights("f", [16, 16, 3, 3]), weights("b", [16])],
    nodes: [
      node("Conv", ["x", "e"], ["p"]),
      node("Relu", ["p"], ["r"]),
      node("Conv", ["r", "f", "b"], ["q"], [ints("pads", [1, 1, 1, 1])]),
      node("Relu", ["q"], ["y"]),
    ],
  });
  const model = await load(bytes, options);
  try {
    const [small, large] = [count([1, 16, 50, 40], 3), count([1, 16, 70, 60], 5)];
    const want = new Map<Tensor, readonly number[]>();
    for (const x of [small, large]) want.set(x, [...(await model.run({ x })).y!.data].map(Number));
    const check = async (x: Tensor, how: "run" | "profile" | "withdrawn"): Promise<void> => {
      const controller = new AbortController();
      const { signal } = controller;
      const run = how === "run" ? model.run({ x }) : model.profile({ x }, { signal }).then(p => p.outputs);
      if (how === "withdrawn") controller.abort();
      const outputs = await run.catch(error => assert.equal(error.code, "aborted"));
      if (outputs) assert.deepEqual([...outputs.y!.data], want.get(x));
    };
    for (let round = 0; round < 5; round++) {
      const begun = [check(small, "run"), check(small, "profile"), check(small, "withdrawn")];
      // the profile waits for its turn by now, and the run before it goes on
      for (let turn = 0; turn < 50; turn++) await undefined;
      await Promise.all([...begun, check(large, "run"), check(large, "run")]);
      await check(small, "run");
      await Promise.all([check(large, "profile"), check(small, "run"), check(large, "run")]);
    }
  } finally {
    model.dispose();
  }
});
