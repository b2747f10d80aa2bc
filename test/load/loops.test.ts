// Loop and Scan of fixed dims inside the program: no host step, on every target and number of threads; and what is beside them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LoadOptions, Model } from "../../src/index.js";
import { load, Tensor, TextTensor } from "../../src/index.js";
import type { GraphInit, ModelInit } from "../frontends/onnx-model.js";
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

const { f32, i64, bool, string: STRING } = elementType;
const subjects: readonly LoadOptions[] = [
  { target: "interpreter" },
  { target: "wasm", threads: 1 },
  { target: "wasm", threads: 2 },
];
const floats = (dims: readonly number[], ...list: number[]): Tensor => new Tensor("f32", Float32Array.from(list), dims);
const whole = (n: number): Tensor => new Tensor("i64", BigInt64Array.of(BigInt(n)), []);

/** Runs twice: what the first run leaves behind must not matter. */
async function check(
  init: ModelInit,
  cases: readonly { readonly inputs: Record<string, Tensor>; readonly want: Readonly<Record<string, Tensor>> }[],
  onHost = false,
): Promise<void> {
  for (const options of subjects) {
    const model: Model = await load(onnxModel(init), { ...options, engineFlags: "never" });
    try {
      for (const { inputs, want } of [...cases, ...cases]) {
        const got = await model.run(inputs);
        for (const [name, t] of Object.entries(want))
          assert.deepEqual([got[name]!.dims, [...got[name]!.data]], [t.dims, [...t.data]], `${options.target} ${name}`);
      }
      assert.equal(
        model.report().notes.some(n => n.startsWith("host steps")),
        onHost,
      );
    } finally {
      model.dispose();
    }
  }
}

/** a body that takes the round and the condition, and goes on as before */
const body = ({ inputs = [], outputs = [], nodes = [], ...more }: GraphInit) =>
  graphAttribute("body", {
    inputs: [value("round", i64, []), value("goes", bool, []), ...inputs],
    outputs: [value("on", bool, []), ...outputs],
    nodes: [...nodes, node("Identity", ["goes"], ["on"])],
    ...more,
  });

describe("loops inside the program", () => {
  it("states that change places, read by each other", () =>
    check(
      {
        inputs: [value("a", f32, ["n"]), value("b", f32, ["n"]), value("m", i64, [])],
        outputs: [value("first", f32), value("second", f32)],
        nodes: [
          node(
            "Loop",
            ["m", "", "a", "b"],
            ["p", "q"],
            [
              body({
                inputs: [value("x", f32), value("y", f32)],
                outputs: [value("y", f32), value("z", f32)],
                nodes: [node("Add", ["x", "y"], ["z"])],
              }),
            ],
          ),
          node("Identity", ["p"], ["first"]),
          node("Identity", ["q"], ["second"]),
        ],
      },
      [0, 1, 2, 7].map(m => {
        let [a, b] = [
          [1, 10],
          [2, 20],
        ] as [number[], number[]];
        for (let i = 0; i < m; i++) [a, b] = [b, a.map((x, k) => x + b[k]!)];
        return {
          inputs: { a: floats([2], 1, 10), b: floats([2], 2, 20), m: whole(m) },
          want: { first: floats([2], ...a), second: floats([2], ...b) },
        };
      }),
    ));

  it("until a condition that the body computes is false, reading from around it", () =>
    check(
      {
        inputs: [value("x", f32, [1]), value("limit", f32, [1])],
        outputs: [value("y", f32)],
        nodes: [
          node(
            "Loop",
            ["", "true", "x"],
            ["r"],
            [
              graphAttribute("body", {
                inputs: [value("round", i64, []), value("goes", bool, []), value("s", f32)],
                outputs: [value("on", bool), value("t", f32)],
                nodes: [node("Add", ["s", "s"], ["t"]), node("Less", ["t", "limit"], ["on"])],
              }),
            ],
          ),
          node("Neg", ["r"], ["y"]),
        ],
        initializers: [{ name: "true", dataType: bool, dims: [], rawData: Uint8Array.of(1) }],
      },
      [
        { inputs: { x: floats([1], 1), limit: floats([1], 100) }, want: { y: floats([1], -128) } },
        { inputs: { x: floats([1], 3), limit: floats([1], 1) }, want: { y: floats([1], -6) } },
      ],
    ));

  it("rows that are stacked, with a loop and a branch in each round", () =>
    check(
      {
        inputs: [value("x", f32, ["n"])],
        outputs: [value("last", f32), value("rows", f32)],
        nodes: [
          node(
            "Loop",
            ["three", "", "x"],
            ["l", "r"],
            [
              body({
                inputs: [value("s", f32)],
                outputs: [value("t", f32), value("u", f32)],
                nodes: [
                  node(
                    "Loop",
                    ["two", "", "s"],
                    ["d"],
                    [
                      body({
                        inputs: [value("v", f32)],
                        outputs: [value("w", f32)],
                        nodes: [node("Add", ["v", "v"], ["w"])],
                      }),
                    ],
                    "inner",
                  ),
                  node("Equal", ["round", "one"], ["isOne"]),
                  node(
                    "If",
                    ["isOne"],
                    ["t"],
                    [
                      graphAttribute("then_branch", {
                        outputs: [value("neg", f32)],
                        nodes: [node("Neg", ["d"], ["neg"])],
                      }),
                      graphAttribute("else_branch", {
                        outputs: [value("same", f32)],
                        nodes: [node("Identity", ["d"], ["same"])],
                      }),
                    ],
                  ),
                  node("ReduceSum", ["t"], ["u"], [int("keepdims", 0)]),
                ],
              }),
            ],
            "outer",
          ),
          node("Identity", ["l"], ["last"]),
          node("Neg", ["r"], ["rows"]),
        ],
        initializers: [i64Tensor("three", [1], [3]), i64Tensor("two", [], [2]), i64Tensor("one", [], [1])],
      },
      [
        {
          inputs: { x: floats([3], 1, 2, 3) },
          want: { last: floats([3], -64, -128, -192), rows: floats([3], -24, 96, 384) },
        },
        { inputs: { x: floats([1], -1) }, want: { last: floats([1], 64), rows: floats([3], 4, -16, -64) } },
      ],
    ));

  it("a scan backwards, over an inner axis, of any length, rows in another axis and order", () =>
    check(
      {
        inputs: [value("x", f32, [2, "n"]), value("start", f32, [2])],
        outputs: [value("sum", f32), value("sums", f32)],
        nodes: [
          node(
            "Scan",
            ["start", "x"],
            ["s", "all"],
            [
              graphAttribute("body", {
                inputs: [value("a", f32, [2]), value("c", f32, [2])],
                outputs: [value("b", f32), value("e", f32)],
                nodes: [node("Add", ["a", "c"], ["b"]), node("Neg", ["b"], ["e"])],
              }),
              int("num_scan_inputs", 1),
              ints("scan_input_axes", [-1]),
              ints("scan_input_directions", [1]),
              ints("scan_output_axes", [1]),
              ints("scan_output_directions", [1]),
            ],
          ),
          node("Identity", ["s"], ["sum"]),
          node("Identity", ["all"], ["sums"]),
        ],
      },
      [
        {
          inputs: { x: floats([2, 3], 1, 2, 3, 10, 20, 30), start: floats([2], 100, 200) },
          want: { sum: floats([2], 106, 260), sums: floats([2, 3], -106, -105, -103, -260, -250, -230) },
        },
        {
          inputs: { x: floats([2, 1], 1, 2), start: floats([2], 0, 0) },
          want: { sum: floats([2], 1, 2), sums: floats([2, 1], -1, -2) },
        },
        {
          inputs: { x: floats([2, 0]), start: floats([2], 5, 6) },
          want: { sum: floats([2], 5, 6), sums: floats([2, 0]) },
        },
      ],
    ));

  it("a body that gives one value as two states and as rows", () =>
    check(
      {
        inputs: [value("x", f32, ["n"]), value("m", i64, [])],
        outputs: [value("a", f32), value("b", f32), value("rows", f32)],
        nodes: [
          node(
            "Loop",
            ["m", "", "x", "x"],
            ["a", "b", "rows"],
            [
              body({
                inputs: [value("s", f32), value("t", f32)],
                outputs: [value("u", f32), value("u", f32), value("u", f32)],
                nodes: [node("Add", ["s", "t"], ["u"])],
              }),
            ],
          ),
        ],
      },
      [
        {
          inputs: { x: floats([2], 1, 3), m: whole(2) },
          want: { a: floats([2], 4, 12), b: floats([2], 4, 12), rows: floats([2, 2], 2, 6, 4, 12) },
        },
      ],
      true,
    ));

  it("a state that grows needs the host, and gives the same", () =>
    check(
      {
        inputs: [value("x", f32, ["n"])],
        outputs: [value("y", f32)],
        nodes: [
          node(
            "Loop",
            ["two", "", "x"],
            ["r"],
            [
              body({
                inputs: [value("s", f32)],
                outputs: [value("t", f32)],
                nodes: [node("Concat", ["s", "tail"], ["t"], [int("axis", 0)])],
              }),
            ],
          ),
          node("Neg", ["r"], ["y"]),
        ],
        initializers: [i64Tensor("two", [], [2]), f32Tensor("tail", [1], [9])],
      },
      [{ inputs: { x: floats([1], 1) }, want: { y: floats([3], -1, -9, -9) } }],
      true,
    ));
});

describe("a loop without an end", () => {
  const endless = (dtype: number, op: string): Uint8Array =>
    onnxModel({
      inputs: [value("x", dtype, ["n"])],
      outputs: [value("y", dtype)],
      nodes: [
        node(
          "Loop",
          ["", "", "x"],
          ["y"],
          [body({ inputs: [value("s", dtype)], outputs: [value("t", dtype)], nodes: [node(op, ["s"], ["t"])] })],
        ),
      ],
    });
  const models = [
    { where: "in the program", bytes: endless(f32, "Neg"), x: floats([1], 1) },
    { where: "on the host", bytes: endless(STRING, "StringNormalizer"), x: new TextTensor(["a"]) },
  ];
  for (const { where, bytes, x } of models)
    for (const options of subjects) {
      const name = `${where}, ${options.target}, ${options.threads ?? 1} threads`;
      it(`ends when its signal fires, and when the model is disposed of: ${name}`, async () => {
        const model = await load(bytes, { ...options, engineFlags: "never" });
        const controller = new AbortController();
        const aborted = assert.rejects(model.run({ x }, { signal: controller.signal }), { code: "aborted" });
        setTimeout(() => controller.abort(), 5);
        await aborted;
        const disposed = assert.rejects(model.run({ x }), { code: "disposed" });
        setTimeout(() => model.dispose(), 5);
        await disposed;
      });
    }
});
