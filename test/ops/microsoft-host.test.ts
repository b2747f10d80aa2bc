// Operators of com.microsoft whose bodies run on the host, each through load(): text, and results whose size hangs on data.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostValue } from "../../src/index.js";
import { load, Tensor, TextTensor } from "../../src/index.js";
import type { AttributeInit } from "../frontends/onnx-model.js";
import { int, onnxModel, value } from "../frontends/onnx-model.js";

type Given = Readonly<Record<string, Tensor | TextTensor>>;
const codes: Readonly<Record<string, number>> = { f32: 1, i32: 6, i64: 7, string: 8, u32: 12 };

/** One node, its inputs and outputs by position; what it gives, by output. */
async function run(
  op: string,
  inputs: Given,
  outputs: Readonly<Record<string, string>>,
  attribute: AttributeInit[] = [],
): Promise<Readonly<Record<string, { readonly dims: readonly number[]; readonly data: readonly unknown[] }>>> {
  const model = onnxModel({
    domains: { "com.microsoft": 1 },
    inputs: Object.entries(inputs).map(([n, t]) =>
      value(
        n,
        codes[t.dtype]!,
        t.dims.map((_, d) => `${n}${d}`),
      ),
    ),
    outputs: Object.entries(outputs).map(([n, dtype]) => value(n, codes[dtype]!)),
    nodes: [
      {
        opType: op,
        domain: "com.microsoft",
        name: "n",
        input: Object.keys(inputs),
        output: Object.keys(outputs),
        attribute,
      },
    ],
  });
  const loaded = await load(model, { target: "interpreter" });
  try {
    const results = await loaded.run<Record<string, HostValue>>(inputs);
    return Object.fromEntries(
      Object.entries(results).map(([n, t]) => {
        const { dims, data } = t as Tensor;
        return [n, { dims, data: Array.from(data as ArrayLike<unknown>) }];
      }),
    );
  } finally {
    loaded.dispose();
  }
}

test("Unique: elements in the order in which they occur", async () => {
  const x = new Tensor("f32", Float32Array.of(2, 1, 1, 3, 4, 3), [6]);
  assert.deepEqual(await run("Unique", { x }, { y: "f32", idx: "i64", counts: "i64" }), {
    y: { dims: [4], data: [2, 1, 3, 4] },
    idx: { dims: [6], data: [0n, 1n, 1n, 2n, 3n, 2n] },
    counts: { dims: [4], data: [1n, 2n, 2n, 1n] },
  });
});
test("Unique: a matrix is refused", async () => {
  const x = new Tensor("f32", Float32Array.of(2, 1), [1, 2]);
  await assert.rejects(run("Unique", { x }, { y: "f32", idx: "i64", counts: "i64" }), {
    code: "shape",
    message: 'Unique "n": x is x0×x1; it must have 1 dims',
  });
});

test("MurmurHash3 of text", async () => {
  // as onnxruntime-node 1.30 has them; the first three are published values of MurmurHash3_x86_32 with seed 0
  const X = new TextTensor(["", "hello", "hello, world", "é€😀"]);
  const { Y } = await run("MurmurHash3", { X }, { Y: "u32" });
  assert.deepEqual(Y!.data, [0, 0x248bfa47, 0x149bbb7f, 693797956]);
  const signed = await run("MurmurHash3", { X }, { Y: "i32" }, [int("positive", 0)]);
  assert.deepEqual(
    signed.Y!.data,
    Y!.data.map(h => Number(h) | 0),
  );
});
