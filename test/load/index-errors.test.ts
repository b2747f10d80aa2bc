// Indices among the inputs that leave the tensor they index: an error of code "bounds" on every target, and the model works afterwards.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TensorData } from "azulejo";
import { load } from "azulejo";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { isInTurn, LATER } from "../rotation.js";
import type { AttributeInit } from "../frontends/onnx-model.js";
import {
  elementType,
  graphAttribute,
  i64Tensor,
  int,
  ints,
  node,
  onnxModel,
  text,
  value,
} from "../frontends/onnx-model.js";

const { f32, i64, bool } = elementType;

interface Case {
  readonly title: string;
  readonly op: string;
  readonly domain?: string;
  readonly attributes?: readonly AttributeInit[];
  /** of the data, which counts from 0 */
  readonly dims: readonly number[];
  readonly indices: { readonly dims: readonly number[]; readonly data: readonly number[] };
  /** dims of the updates of a scatter */
  readonly updates?: readonly number[];
  /** in place of one of the indices */
  readonly outside: readonly (number | bigint)[];
}
/** nothing that a word of 32 bits makes a right index of */
const far = [2n ** 32n, 2n ** 63n - 1n, -(2n ** 32n) - 1n];
const cases: readonly Case[] = [
  {
    title: "Gather of rows",
    op: "Gather",
    dims: [5, 3],
    indices: { dims: [4], data: [0, 4, -5, 2] },
    outside: [5, -6, ...far],
  },
  {
    title: "Gather of columns",
    op: "Gather",
    attributes: [int("axis", 1)],
    dims: [3, 5],
    indices: { dims: [9], data: [0, 4, -5, 2, 1, 1, 3, -1, 0] },
    outside: [5, -6, ...far],
  },
  {
    title: "GatherElements",
    op: "GatherElements",
    attributes: [int("axis", 1)],
    dims: [2, 5],
    indices: { dims: [2, 3], data: [0, 4, -5, 2, 1, 1] },
    outside: [5, -6, ...far],
  },
  {
    title: "GatherND",
    op: "GatherND",
    dims: [3, 4],
    indices: { dims: [3, 2], data: [0, 3, -3, 1, 2, -4] },
    outside: [4, -5, ...far],
  },
  {
    title: "ScatterElements",
    op: "ScatterElements",
    dims: [5, 2],
    indices: { dims: [3, 2], data: [0, 4, -1, 2, 1, -5] },
    updates: [3, 2],
    outside: [5, -6, ...far],
  },
  {
    title: "ScatterElements that adds",
    op: "ScatterElements",
    attributes: [text("reduction", "add")],
    dims: [5, 2],
    indices: { dims: [3, 2], data: [0, 4, -1, 2, 1, -5] },
    updates: [3, 2],
    outside: [5, -6, ...far],
  },
  {
    title: "ScatterND of rows",
    op: "ScatterND",
    dims: [4, 7],
    indices: { dims: [3, 1], data: [0, 3, -3] },
    updates: [3, 7],
    outside: [4, -5, ...far],
  },
  {
    title: "ScatterND of largest elements",
    op: "ScatterND",
    attributes: [text("reduction", "max")],
    dims: [4, 4],
    indices: { dims: [3, 2], data: [0, 3, -3, 1, 2, -4] },
    updates: [3],
    outside: [4, -5, ...far],
  },
  {
    title: "ArrayFeatureExtractor",
    op: "ArrayFeatureExtractor",
    domain: "ai.onnx.ml",
    dims: [2, 5],
    indices: { dims: [3], data: [0, 4, 2] },
    outside: [5, ...far],
  },
];

const floats = (dims: readonly number[]): TensorData => {
  const size = dims.reduce((a, b) => a * b, 1);
  return { dtype: "f32", dims, data: Float32Array.from({ length: size }, (_, i) => i) };
};
const integers = (dims: readonly number[], data: readonly (number | bigint)[]): TensorData => ({
  dtype: "i64",
  dims,
  data: BigInt64Array.from(data, BigInt),
});
/** the node between elementwise ones, which fuse with it */
const modelOf = ({ op, domain = "", attributes = [], dims, indices, updates }: Case): Uint8Array =>
  onnxModel({
    opset: 18,
    domains: domain ? { [domain]: 1 } : {},
    inputs: [
      value("x", f32, dims),
      value("at", i64, indices.dims),
      ...(updates ? [value("updates", f32, updates)] : []),
    ],
    outputs: [value("y", f32)],
    nodes: [
      node("Neg", ["x"], ["data"]),
      { ...node(op, ["data", "at", ...(updates ? ["updates"] : [])], ["z"], [...attributes]), domain, name: "picking" },
      node("Abs", ["z"], ["y"]),
    ],
  });

const targets = [
  { target: "interpreter", threads: 1 },
  { target: "wasm", threads: 1 },
  { target: "wasm", threads: 2 },
  { target: "native", threads: 2 },
] as const;
/** native code of one in six, and each with one thread or two on WebAssembly; the next day others */
async function problemOf(target: string, threads: number, at: number): Promise<string | undefined> {
  if (target === "native") return (await nativeProblem()) ?? (isInTurn(at, 6) ? undefined : LATER);
  return target === "wasm" && !isInTurn(at + threads, 2) ? LATER : undefined;
}
for (const { target, threads } of targets)
  for (const [at, c] of cases.entries()) {
    test(`${target}, ${threads} threads: ${c.title}`, async t => {
      const problem = await problemOf(target, threads, at);
      if (problem) return t.skip(problem);
      const model = await load(modelOf(c), { target, threads });
      try {
        const others = { x: floats(c.dims), ...(c.updates ? { updates: floats(c.updates) } : {}) };
        const run = (data: readonly (number | bigint)[]) =>
          model.run({ ...others, at: integers(c.indices.dims, data) });
        const good = (await run(c.indices.data)).y!.data;
        assert.ok(good.length > 0);
        for (const place of [0, c.indices.data.length - 1])
          for (const outside of c.outside) {
            const bad = c.indices.data.with(place, outside as number);
            await assert.rejects(run(bad), { name: "AzulejoError", code: "bounds" }, `${outside} at ${place}`);
          }
        assert.deepEqual((await run(c.indices.data)).y!.data, good);
      } finally {
        model.dispose();
      }
    });
  }

/** an index that the file holds, in a dim that a run tells */
interface Constant {
  readonly title: string;
  readonly index: number;
  /** rows that are enough, and one fewer */
  readonly rows: number;
  readonly says: string;
}
const constants: readonly Constant[] = [
  { title: "the first", index: 0, rows: 1, says: "position 0 is outside of the dim n" },
  { title: "the fifth", index: 4, rows: 5, says: "position 4 is outside of the dim n" },
  { title: "the last but two", index: -3, rows: 3, says: "position -3 + n is outside of the dim n" },
];
const rowsOf = (rows: number) => ({ x: floats([rows, 3]) });

for (const { target, threads } of targets)
  for (const [row, { title, index, rows, says }] of constants.entries())
    for (const [around, stored] of [
      ["between others", false],
      ["of what is stored", true],
    ] as const)
      test(`${target}, ${threads} threads: ${title} of the rows ${around}`, async t => {
        const problem = await problemOf(target, threads, 2 * row + Number(stored));
        if (problem) return t.skip(problem);
        const file = onnxModel({
          opset: 18,
          inputs: [value("x", f32, ["n", 3])],
          outputs: [value("y", f32), ...(stored ? [value("data", f32)] : [])],
          initializers: [i64Tensor("at", [], [index])],
          nodes: [
            node("Neg", ["x"], ["data"]),
            { ...node("Gather", ["data", "at"], ["z"]), name: "picking" },
            node("Abs", ["z"], ["y"]),
          ],
        });
        const model = await load(file, { target, threads });
        try {
          const from = index < 0 ? rows + index : index;
          const want = [0, 1, 2].map(i => from * 3 + i);
          assert.deepEqual([...((await model.run(rowsOf(rows))).y!.data as Float32Array)], want);
          await assert.rejects(model.run(rowsOf(rows - 1)), (e: { code: string; message: string }) => {
            assert.equal(e.code, "bounds");
            assert.equal(
              e.message,
              `Gather "picking": ${says} for these inputs; give inputs for which it is inside, or correct the index`,
            );
            return true;
          });
          assert.deepEqual([...((await model.run(rowsOf(rows))).y!.data as Float32Array)], want);
        } finally {
          model.dispose();
        }
      });

for (const { target, threads } of targets)
  test(`${target}, ${threads} threads: a row that only one branch reads`, async t => {
    const problem = target === "native" ? await nativeProblem() : undefined;
    if (problem) return t.skip(problem);
    const branch = (nodes: ReturnType<typeof node>[]) => ({ outputs: [value("z", f32)], nodes });
    const file = onnxModel({
      opset: 18,
      inputs: [value("x", f32, ["n", 3]), value("c", bool, [])],
      outputs: [value("y", f32)],
      initializers: [i64Tensor("fifth", [], [4]), i64Tensor("first", [], [0])],
      nodes: [
        node(
          "If",
          ["c"],
          ["y"],
          [
            graphAttribute("then_branch", branch([node("Gather", ["x", "fifth"], ["z"])])),
            graphAttribute("else_branch", branch([node("Gather", ["x", "first"], ["z"])])),
          ],
        ),
      ],
    });
    const model = await load(file, { target, threads });
    const run = async (rows: number, c: boolean) => {
      const { y } = await model.run({ ...rowsOf(rows), c: { dtype: "bool", dims: [], data: Uint8Array.of(+c) } });
      return [...(y!.data as Float32Array)];
    };
    try {
      assert.deepEqual(await run(5, true), [12, 13, 14]);
      assert.deepEqual(await run(4, false), [0, 1, 2]);
      await assert.rejects(run(4, true), { code: "bounds" });
      await assert.rejects(run(0, false), { code: "bounds" });
      assert.deepEqual(await run(5, true), [12, 13, 14]);
    } finally {
      model.dispose();
    }
  });

for (const branched of [false, true])
  test(`wasm: a window of Crop beyond an image whose size a run tells${branched ? ", in a branch" : ""}`, async () => {
    const crop = (to: string) => ({
      ...node("Crop", ["x"], [to], [ints("border", [1, 2, 0, 0]), ints("scale", [3, 2])]),
      name: "cutting",
    });
    const branch = (made: ReturnType<typeof node>) => ({ outputs: [value("z", f32)], nodes: [made] });
    const choice = [graphAttribute("then_branch", branch(crop("z"))), graphAttribute("else_branch", branch(crop("z")))];
    const file = onnxModel({
      opset: 5,
      inputs: [value("x", f32, [1, 1, "h", "w"]), ...(branched ? [value("c", bool, [])] : [])],
      outputs: [value("y", f32)],
      nodes: [branched ? node("If", ["c"], ["y"], choice) : crop("y")],
    });
    const model = await load(file, { target: "wasm", threads: 1 });
    const given = branched ? { c: { dtype: "bool" as const, dims: [], data: Uint8Array.of(1) } } : {};
    const run = (h: number, w: number) => model.run({ ...given, x: floats([1, 1, h, w]) });
    try {
      const want = [2, 3, 4].flatMap(row => [row * 3 + 1, row * 3 + 2]);
      assert.deepEqual([...((await run(5, 3)).y!.data as Float32Array)], want);
      for (const [h, w] of [
        [4, 3],
        [5, 2],
        [1, 1],
      ] as const)
        await assert.rejects(run(h, w), { code: "shape" }, `${h}×${w}`);
      assert.deepEqual([...((await run(5, 3)).y!.data as Float32Array)], want);
    } finally {
      model.dispose();
    }
  });
