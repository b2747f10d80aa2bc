// Small files that ask for huge tensors: memory is refused in a sentence before any is taken, and what would be computed on the way
// without being stored is refused where kernels can't count so far. A good model runs afterwards. Positions beyond all tensors are none of that.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoadOptions } from "../../src/index.js";
import { load, Tensor } from "../../src/index.js";
import { i64Tensor, node, onnxModel, value } from "../frontends/onnx-model.js";

const x = new Tensor("f32", Float32Array.of(1, -2, 3, -4), [1, 4]);
async function runs(bytes: Uint8Array, target: LoadOptions["target"] = "wasm"): Promise<readonly number[]> {
  const model = await load(bytes, { threads: 1, target });
  try {
    return [...(Object.values(await model.run({ x }))[0]!.data as Float32Array)];
  } finally {
    model.dispose();
  }
}
const expanded = (rows: bigint, reduced: boolean): Uint8Array =>
  onnxModel({
    inputs: [value("x", 1, ["n", 4])],
    outputs: [value("y", 1)],
    initializers: [i64Tensor("shape", [3], [rows, 1, 4]), i64Tensor("axes", [1], [0])],
    nodes: reduced
      ? [node("Expand", ["x", "shape"], ["e"], [], "grow"), node("ReduceMax", ["e", "axes"], ["y"], [], "shrink")]
      : [node("Expand", ["x", "shape"], ["y"], [], "grow")],
    opset: 18,
  });
const filled = (elements: bigint): Uint8Array =>
  onnxModel({
    inputs: [value("x", 1, ["n", 4])],
    outputs: [value("y", 1)],
    initializers: [i64Tensor("shape", [1], [elements])],
    nodes: [
      node("ConstantOfShape", ["shape"], ["c"]),
      node("ReduceSum", ["c"], ["sum"]),
      node("Add", ["x", "sum"], ["y"]),
    ],
  });

const cases: readonly { readonly title: string; readonly bytes: Uint8Array; readonly message: RegExp }[] = [
  {
    title: "2^40 rows as output",
    bytes: expanded(2n ** 40n, false),
    message: /^These input dims need \d+ MiB, and a program has 4096 MiB of memory; run smaller inputs$/,
  },
  {
    title: "2^40 rows that are reduced on the way",
    bytes: expanded(2n ** 40n, true),
    message:
      /^Kernel ".+" of node ".+" has a size of 1099511627776, and kernels count to 2147483647; run smaller inputs$/,
  },
  {
    title: "a constant of 2^40 elements",
    bytes: filled(2n ** 40n),
    message: /^The program needs \d+ bytes of memory, and this host grants \d+$/,
  },
];
for (const { title, bytes, message } of cases)
  test(title, () => assert.rejects(runs(bytes), { name: "AzulejoError", code: "memory", message }));

test("2^40 rows as output, on the interpreter", () =>
  assert.rejects(runs(expanded(2n ** 40n, false), "interpreter"), {
    name: "AzulejoError",
    code: "memory",
    message: '"y" needs 17592186044416 bytes of memory, and this host refuses them; run smaller inputs',
  }));
/** x[start : 4 : step] of the last dim, by inputs of the run */
const sliced = onnxModel({
  inputs: [value("x", 1, ["n", 4]), value("start", 7, [1]), value("step", 7, [1])],
  outputs: [value("y", 1)],
  initializers: [i64Tensor("end", [1], [4]), i64Tensor("axis", [1], [1])],
  nodes: [node("Slice", ["x", "start", "end", "axis", "step"], ["y"])],
});
const whole = (n: bigint): Tensor => new Tensor("i64", BigInt64Array.of(n), [1]);
for (const target of ["wasm", "interpreter"] as const)
  test(`a Slice that starts or steps beyond all dims, ${target}`, async () => {
    const model = await load(sliced, { target, threads: 1 });
    try {
      for (const [start, step, want] of [
        [2n, 1n, [3, -4]],
        [2n ** 31n - 1n, 1n, []],
        [2n ** 31n, 1n, []],
        [2n ** 32n + 1n, 1n, []],
        [-(2n ** 32n), 1n, [1, -2, 3, -4]],
        [2n ** 63n - 1n, 1n, []],
        [3n, 1n, [-4]],
        [1n, 2n ** 31n, [-2]],
        [1n, 2n ** 40n, [-2]],
        [1n, 2n ** 63n - 1n, [-2]],
        [1n, -(2n ** 40n), []],
      ] as const) {
        const { y } = await model.run({ x, start: whole(start), step: whole(step) });
        assert.deepEqual([...y!.data], want, `${start}, ${step}`);
      }
    } finally {
      model.dispose();
    }
  });

test("a good model runs afterwards", async () => {
  const good = onnxModel({
    inputs: [value("x", 1, ["n", 4])],
    outputs: [value("y", 1)],
    nodes: [node("Relu", ["x"], ["y"])],
  });
  assert.deepEqual(await runs(good), [1, 0, 3, 0]);
});
