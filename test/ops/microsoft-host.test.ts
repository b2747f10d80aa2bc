// Operators of com.microsoft whose bodies run on the host, each through load(): text, and results whose size hangs on data.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostValue } from "../../src/index.js";
import { load, Tensor, TextTensor } from "../../src/index.js";
import type { AttributeInit } from "../frontends/onnx-model.js";
import { int, onnxModel, strings, text, value } from "../frontends/onnx-model.js";

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

const tokenizer = (mark: number, least: number, ...more: AttributeInit[]): AttributeInit[] => [
  int("mark", mark),
  int("mincharnum", least),
  text("pad_value", "#"),
  ...more,
];
const [start, end] = ["\u0002", "\u0003"];
/** as onnxruntime-node 1.30 has them */
const tokenized: readonly {
  readonly texts: readonly string[];
  readonly attributes: AttributeInit[];
  readonly dims: readonly number[];
  readonly tokens: readonly string[];
}[] = [
  {
    texts: ["Hello World", "I love science !"],
    attributes: tokenizer(0, 1, strings("separators", [" "])),
    dims: [2, 4],
    tokens: ["Hello", "World", "#", "#", "I", "love", "science", "!"],
  },
  {
    texts: ["abé", "x", ""],
    attributes: tokenizer(1, 1, text("tokenexp", ".")),
    dims: [3, 5],
    tokens: [start, "a", "b", "é", end, start, "x", end, "#", "#", start, end, "#", "#", "#"],
  },
  {
    texts: ["a,b;cc,,d;", "ddd"],
    attributes: tokenizer(0, 2, strings("separators", [",", ";"])),
    dims: [2, 1],
    tokens: ["cc", "ddd"],
  },
  {
    texts: ["ab12cd345", "7"],
    attributes: tokenizer(0, 1, text("tokenexp", "[a-z]+|[0-9]+")),
    dims: [2, 4],
    tokens: ["ab", "12", "cd", "345", "7", "#", "#", "#"],
  },
  { texts: ["", ""], attributes: tokenizer(1, 1, strings("separators", [" "])), dims: [2, 0], tokens: [] },
  { texts: [], attributes: tokenizer(0, 1, strings("separators", [" "])), dims: [0], tokens: [] },
  {
    texts: ["aXXXb"],
    attributes: tokenizer(0, 1, strings("separators", ["XX", "X"])),
    dims: [1, 2],
    tokens: ["a", "b"],
  },
];
for (const { texts, attributes, dims, tokens } of tokenized)
  test(`Tokenizer: ${JSON.stringify(texts)} is ${JSON.stringify(tokens)}`, async () => {
    const { Y } = await run("Tokenizer", { X: new TextTensor(texts) }, { Y: "string" }, attributes);
    assert.deepEqual(Y, { dims, data: tokens });
  });
test("Tokenizer: what can't be", async () => {
  const refused = (attributes: AttributeInit[], message: string): Promise<void> =>
    assert.rejects(run("Tokenizer", { X: new TextTensor(["a"]) }, { Y: "string" }, attributes), {
      code: "operator-attribute",
      message,
    });
  await refused(
    tokenizer(0, 1),
    'Tokenizer "n": one of separators and tokenexp must be given, and only one; leave the other out',
  );
  await refused(
    tokenizer(0, 1, strings("separators", ["a", ""])),
    'Tokenizer "n": separators hold an empty one among others; take it out',
  );
  await refused(
    tokenizer(0, 1, text("tokenexp", "(")),
    'Tokenizer "n": tokenexp "(" can\'t be read (Invalid regular expression: /(/gu: Unterminated group); write it with what RE2 and JavaScript have in common',
  );
});

test("DynamicTimeWarping: the path of least cost", async () => {
  const input = new Tensor("f32", Float32Array.of(1, 2, 3, 4, 2, 1, 2, 3, 3, 2, 1, 2), [3, 4]);
  assert.deepEqual((await run("DynamicTimeWarping", { input }, { output: "i32" })).output, {
    dims: [2, 4],
    data: [0, 1, 2, 2, 0, 1, 2, 3],
  });
});
test("DynamicTimeWarping: of equal costs the move along the row, as in Whisper", async () => {
  const input = new Tensor("f32", Float32Array.of(1, 0, 1, 0), [1, 2, 2]);
  assert.deepEqual((await run("DynamicTimeWarping", { input }, { output: "i32" })).output!.data, [0, 1, 1, 0, 0, 1]);
});

test("RemovePadding: the example of its documentation", async () => {
  const input = new Tensor(
    "f32",
    Float32Array.from({ length: 24 }, (_, i) => i),
    [3, 4, 2],
  );
  const sequence_token_count = new Tensor("i32", Int32Array.of(1, 2, 4), [3]);
  const outputs = { output: "f32", token_offset: "i32", cumulated_seq_len: "i32", max_seq_len: "i32" };
  const results = await run("RemovePadding", { input, sequence_token_count }, outputs);
  assert.deepEqual(results, {
    output: { dims: [7, 2], data: [0, 1, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23] },
    token_offset: { dims: [3, 4], data: [0, 4, 5, 8, 9, 10, 11, 1, 2, 3, 6, 7] },
    cumulated_seq_len: { dims: [4], data: [0, 1, 3, 7] },
    max_seq_len: { dims: [1], data: [4] },
  });
});
