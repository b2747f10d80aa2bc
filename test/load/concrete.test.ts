// Models whose compilation waits for the inputs of a run, or for symbols of their content: ranks that depend on dims, shapes that the
// caller hands in or the graph computes.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load, Tensor, TextTensor } from "../../src/index.js";
import { countCompilations } from "../compilations.js";
import type { ModelInit } from "../frontends/onnx-model.js";
import { elementType, graphAttribute, i64Tensor, int, node, onnxModel, text, value } from "../frontends/onnx-model.js";

const { f32, i64 } = elementType;
const compiled = countCompilations();
const count = (dims: readonly number[]): Tensor => {
  const size = dims.reduce((a, b) => a * b, 1);
  return new Tensor(
    "f32",
    Float32Array.from({ length: size }, (_, i) => i),
    dims,
  );
};
const whole = (...list: number[]): Tensor => new Tensor("i64", BigInt64Array.from(list, BigInt), [list.length]);

async function withModel(
  init: ModelInit,
  test: (model: Awaited<ReturnType<typeof load>>) => Promise<void>,
): Promise<void> {
  const model = await load(onnxModel(init), { threads: 1 });
  try {
    await test(model);
  } finally {
    model.dispose();
  }
}

describe("models that wait for the inputs of a run", () => {
  it("a shape that the caller hands in, another one each time", () =>
    withModel(
      {
        inputs: [value("x", f32, ["n"]), value("shape", i64, [2])],
        outputs: [value("y", f32)],
        nodes: [node("Reshape", ["x", "shape"], ["r"]), node("Transpose", ["r"], ["y"])],
      },
      async model => {
        for (const [rows, want] of [
          [2, [0, 3, 1, 4, 2, 5]],
          [3, [0, 2, 4, 1, 3, 5]],
          [2, [0, 3, 1, 4, 2, 5]],
        ] as const) {
          const { y } = await model.run({ x: count([6]), shape: whole(rows, -1) });
          assert.deepEqual([y!.dims, [...y!.data]], [[6 / rows, rows], want]);
        }
        assert.equal(model.outputs[0]!.dims, undefined);
      },
    ));

  it("a shape of numbers from 2 is a shape like others: it is compiled once", () =>
    withModel(
      {
        inputs: [value("x", f32, ["n"]), value("shape", i64, [2])],
        outputs: [value("y", f32)],
        nodes: [node("Reshape", ["x", "shape"], ["r"]), node("Transpose", ["r"], ["y"])],
      },
      async model => {
        const before = compiled();
        for (const dims of [
          [2, 3],
          [3, 2],
          [4, 5],
        ]) {
          const [rows, columns] = dims as [number, number];
          const { y } = await model.run({ x: count([rows * columns]), shape: whole(rows, columns) });
          const want = Array.from({ length: columns }, (_, c) =>
            Array.from({ length: rows }, (__, r) => r * columns + c),
          );
          assert.deepEqual([y!.dims, [...y!.data]], [[columns, rows], want.flat()]);
        }
        assert.equal(compiled() - before, 1);
        for (const n of [3, 4]) {
          const { y } = await model.run({ x: count([n]), shape: whole(1, -1) });
          assert.deepEqual(y!.dims, [n, 1]);
        }
        assert.equal(compiled() - before, 2);
      },
    ));

  it("sizes of which some are dims of the input: those are not touched, whatever they are", () =>
    withModel(
      {
        opset: 18,
        inputs: [value("x", f32, ["batch", "width"]), value("sizes", i64, [2])],
        outputs: [value("y", f32)],
        nodes: [node("Resize", ["x", "", "", "sizes"], ["y"], [text("mode", "nearest")])],
      },
      async model => {
        const before = compiled();
        for (const [batch, width] of [
          [1, 6],
          [2, 6],
          [3, 9],
        ] as const) {
          const { y } = await model.run({ x: count([batch, 3]), sizes: whole(batch, width) });
          const want = Array.from({ length: batch * width }, (_, i) => {
            const column = Math.ceil((3 * ((i % width) + 0.5)) / width - 1);
            return 3 * Math.floor(i / width) + column;
          });
          assert.deepEqual([y!.dims, [...y!.data]], [[batch, width], want]);
        }
        assert.equal(compiled() - before, 1);
      },
    ));

  it("a condition that the caller hands in: one program for each answer, though the branches differ in dims", () =>
    withModel(
      {
        // the shape of a decoder with its cache: what is past is joined, or there is none
        inputs: [value("x", f32, ["n"]), value("past", f32, ["p"]), value("use_cache", elementType.bool, [1])],
        outputs: [value("present", f32, ["m"])],
        nodes: [
          node(
            "If",
            ["use_cache"],
            ["present"],
            [
              graphAttribute("then_branch", {
                outputs: [value("joined", f32)],
                nodes: [node("Concat", ["past", "x"], ["joined"], [int("axis", 0)])],
              }),
              graphAttribute("else_branch", {
                outputs: [value("alone", f32)],
                nodes: [node("Neg", ["x"], ["alone"])],
              }),
            ],
          ),
        ],
      },
      async model => {
        const before = compiled();
        const run = async (x: number[], past: number[], use: boolean): Promise<number[]> => {
          const floats = (list: number[]): Tensor => new Tensor("f32", Float32Array.from(list), [list.length]);
          const use_cache = new Tensor("bool", Uint8Array.of(Number(use)), [1]);
          const { present } = await model.run({ x: floats(x), past: floats(past), use_cache });
          return Array.from(present!.data, Number);
        };
        assert.deepEqual(await run([1, 2], [], false), [-1, -2]);
        assert.deepEqual(await run([3], [1, 2], true), [1, 2, 3]);
        assert.deepEqual(await run([4], [1, 2, 3], true), [1, 2, 3, 4]);
        assert.deepEqual(await run([5, 6, 7], [8], false), [-5, -6, -7]);
        assert.equal(compiled() - before, 2);
      },
    ));

  it("inputs without a rank: compiled once for each", () =>
    withModel(
      {
        inputs: ["x", "starts", "ends"].map((name, i) => value(name, i === 0 ? f32 : i64)),
        outputs: [value("y", f32)],
        nodes: [node("Slice", ["x", "starts", "ends"], ["y"])],
      },
      async model => {
        const before = compiled();
        for (const [n, end] of [
          [5, 3],
          [7, 4],
          [9, 20],
        ] as const) {
          const { y } = await model.run({ x: count([n]), starts: whole(-1 * n), ends: whole(end) });
          assert.deepEqual([...y!.data], [...count([Math.min(end, n)]).data]);
        }
        const { y } = await model.run({ x: count([3, 2]), starts: whole(0, 1), ends: whole(2, 2) });
        assert.deepEqual(
          [y!.dims, [...y!.data]],
          [
            [2, 1],
            [1, 3],
          ],
        );
        assert.ok(compiled() - before <= 4, `${compiled() - before} programs`);
      },
    ));

  it("first runs at the same time, with other contents each", () =>
    withModel(
      {
        inputs: [value("x", f32, ["n"]), value("shape", i64, [2])],
        outputs: [value("y", f32)],
        nodes: [node("Reshape", ["x", "shape"], ["r"]), node("Transpose", ["r"], ["y"])],
      },
      async model => {
        const shapes = [
          [1, 6],
          [6, 1],
          [2, 3],
          [3, 2],
          [-1, 2],
        ] as const;
        const runs = shapes.map(shape => model.run({ x: count([6]), shape: whole(...shape) }));
        const dims = (await Promise.all(runs)).map(({ y }) => y!.dims);
        assert.deepEqual(dims, [
          [6, 1],
          [1, 6],
          [3, 2],
          [2, 3],
          [2, 3],
        ]);
      },
    ));

  it("of many programs the one that was used longest ago goes, and is compiled again", () =>
    withModel(
      {
        opset: 20,
        inputs: [value("x", f32, ["n", 1]), value("axis", i64, [])],
        outputs: [value("y", f32)],
        nodes: [node("DFT", ["x", "", "axis"], ["y"])],
      },
      async model => {
        const run = async (n: number): Promise<void> => {
          const { y } = await model.run({ x: count([n, 1]), axis: new Tensor("i64", BigInt64Array.of(0n), []) });
          // the first frequency is the sum of 0 … n − 1
          assert.deepEqual([y!.dims, y!.data[0]], [[n, 2], (n * (n - 1)) / 2]);
        };
        const before = compiled();
        const most = 32;
        for (let n = 2; n <= most + 2; n++) await run(n);
        assert.equal(compiled() - before, most + 1);
        await run(3);
        assert.equal(compiled() - before, most + 1);
        await run(2);
        assert.equal(compiled() - before, most + 2);
      },
    ));

  it("sizes of parts that the caller hands in", () =>
    withModel(
      {
        inputs: [value("x", f32, ["n"]), value("sizes", i64, [2])],
        outputs: [value("a", f32), value("b", f32)],
        nodes: [node("Split", ["x", "sizes"], ["p", "q"]), node("Neg", ["p"], ["a"]), node("Neg", ["q"], ["b"])],
      },
      async model => {
        for (const first of [1, 2, 0]) {
          const { a, b } = await model.run({ x: count([5]), sizes: whole(first, 5 - first) });
          assert.deepEqual([a!.dims, b!.dims], [[first], [5 - first]]);
          assert.deepEqual(
            [...a!.data, ...b!.data].map(Number),
            [0, 1, 2, 3, 4].map(x => -x),
          );
        }
      },
    ));

  it("an axis that is squeezed where it is 1", () =>
    withModel(
      {
        inputs: [value("x", f32, ["n", "m"])],
        outputs: [value("y", f32)],
        initializers: [i64Tensor("zero", [], [0]), i64Tensor("one", [], [1]), i64Tensor("axes", [1], [0])],
        nodes: [
          node("Shape", ["x"], ["s"]),
          node("Gather", ["s", "zero"], ["d"]),
          node("Equal", ["d", "one"], ["is1"]),
          node(
            "If",
            ["is1"],
            ["z"],
            [
              graphAttribute("then_branch", {
                outputs: [value("p", f32)],
                nodes: [node("Squeeze", ["x", "axes"], ["p"])],
              }),
              graphAttribute("else_branch", { outputs: [value("x", f32)] }),
            ],
          ),
          node("Neg", ["z"], ["y"]),
        ],
      },
      async model => {
        for (const dims of [
          [1, 3],
          [2, 3],
        ]) {
          const { y } = await model.run({ x: count(dims) });
          assert.deepEqual(y!.dims, dims[0] === 1 ? [3] : dims);
          assert.deepEqual(
            [...y!.data],
            [...count(dims).data].map(x => -Number(x)),
          );
        }
      },
    ));

  it("a shape that is computed from data: what computes it runs first", () =>
    withModel(
      {
        inputs: [value("x", f32, ["n"])],
        outputs: [value("y", f32)],
        nodes: [
          node("ReduceMax", ["x"], ["most"], [int("keepdims", 1)]),
          node("Cast", ["most"], ["rows"], [int("to", 7)]),
          node("Concat", ["rows", "rest"], ["shape"], [int("axis", 0)]),
          node("Reshape", ["x", "shape"], ["r"]),
          node("Transpose", ["r"], ["y"]),
        ],
        initializers: [i64Tensor("rest", [1], [-1])],
      },
      async model => {
        const { y } = await model.run({ x: new Tensor("f32", Float32Array.of(0, 1, 2, 0, 1, 2), [6]) });
        assert.deepEqual(
          [y!.dims, [...y!.data]],
          [
            [3, 2],
            [0, 0, 1, 1, 2, 2],
          ],
        );
        const { y: z } = await model.run({ x: new Tensor("f32", Float32Array.of(3, 1, 2, 0, 1, 3), [6]) });
        assert.deepEqual(
          [z!.dims, [...z!.data]],
          [
            [2, 3],
            [3, 2, 1, 1, 0, 3],
          ],
        );
      },
    ));

  it("an impossible shape is refused, and the next run works", () =>
    withModel(
      {
        inputs: [value("x", f32, ["n"]), value("shape", i64, [2])],
        outputs: [value("y", f32)],
        nodes: [node("Reshape", ["x", "shape"], ["y"], [], "r")],
      },
      async model => {
        await assert.rejects(model.run({ x: count([6]), shape: whole(4, 2) }), { code: "shape" });
        const { y } = await model.run({ x: count([6]), shape: whole(3, 2) });
        assert.deepEqual(y!.dims, [3, 2]);
      },
    ));
});

describe("dims that inference takes to be equal, and that differ in a run", () => {
  const rows = [value("x", f32, ["n", 3]), value("w", f32, ["m", 3])];
  const both = async (
    init: ModelInit,
    test: (model: Awaited<ReturnType<typeof load>>) => Promise<void>,
  ): Promise<void> => {
    for (const target of ["wasm", "interpreter"] as const) {
      const model = await load(onnxModel(init), { threads: 1, target });
      try {
        await test(model);
      } finally {
        model.dispose();
      }
    }
  };
  const repeated = [0, 1, 2, 0, 1, 2];

  it("an Expand that does nothing where they are", () =>
    both(
      {
        inputs: rows,
        outputs: [value("y", f32)],
        nodes: [node("Shape", ["w"], ["s"]), node("Expand", ["x", "s"], ["y"])],
      },
      async model => {
        for (const [n, m, want] of [
          [2, 2, [0, 1, 2, 3, 4, 5]],
          [1, 2, repeated],
          [2, 1, [0, 1, 2, 3, 4, 5]],
        ] as const) {
          const { y } = await model.run({ x: count([n, 3]), w: count([m, 3]) });
          assert.deepEqual([y!.dims, [...y!.data]], [[2, 3], want]);
        }
        await assert.rejects(model.run({ x: count([2, 3]), w: count([3, 3]) }), { code: "shape" });
      },
    ));

  it("an Expand to the dims of a sum, which relies on them and stays", () =>
    both(
      {
        inputs: rows,
        outputs: [value("sum", f32), value("y", f32)],
        nodes: [node("Add", ["x", "w"], ["sum"]), node("Shape", ["sum"], ["s"]), node("Expand", ["x", "s"], ["y"])],
      },
      async model => {
        const { sum, y } = await model.run({ x: count([1, 3]), w: count([2, 3]) });
        assert.deepEqual([...sum!.data], [0, 2, 4, 3, 5, 7]);
        assert.deepEqual([y!.dims, [...y!.data]], [[2, 3], repeated]);
      },
    ));

  it("an Expand to a shape that the caller hands in", () =>
    both(
      {
        inputs: [value("x", f32, ["n", 3]), value("s", i64, [2])],
        outputs: [value("y", f32)],
        nodes: [node("Expand", ["x", "s"], ["y"])],
      },
      async model => {
        for (const n of [2, 1]) {
          const { y } = await model.run({ x: count([n, 3]), s: whole(2, 3) });
          assert.deepEqual([y!.dims, [...y!.data]], [[2, 3], n === 1 ? repeated : [0, 1, 2, 3, 4, 5]]);
        }
      },
    ));

  it("reshapes of which nothing is left: elements are counted all the same", () =>
    both(
      {
        inputs: rows,
        outputs: [value("y", f32)],
        nodes: [
          node("Shape", ["w"], ["s"]),
          node("Reshape", ["x", "s"], ["r"]),
          node("Shape", ["x"], ["back"]),
          node("Reshape", ["r", "back"], ["y"]),
        ],
      },
      async model => {
        const { y } = await model.run({ x: count([2, 3]), w: count([2, 3]) });
        assert.deepEqual(y!.dims, [2, 3]);
        await assert.rejects(model.run({ x: count([2, 3]), w: count([3, 3]) }), {
          code: "shape",
          message: /2×3 does not fit into 3×3/,
        });
      },
    ));

  it("the same in a graph with host steps", () =>
    both(
      {
        inputs: [value("t", elementType.string, ["k"]), ...rows],
        outputs: [value("y", f32), value("u", elementType.string)],
        nodes: [
          node("StringNormalizer", ["t"], ["u"], [text("case_change_action", "UPPER")]),
          node("Shape", ["w"], ["s"]),
          node("Expand", ["x", "s"], ["y"]),
        ],
      },
      async model => {
        for (const n of [2, 1]) {
          const { y, u } = await model.run<{ y: Tensor; u: TextTensor }>({
            t: new TextTensor(["a"]),
            x: count([n, 3]),
            w: count([2, 3]),
          });
          assert.deepEqual([y.dims, [...y.data]], [[2, 3], n === 1 ? repeated : [0, 1, 2, 3, 4, 5]]);
          assert.deepEqual(u.data, ["A"]);
        }
      },
    ));

  const zeros = value("z", f32, [2, 2]);
  const [wide, tall] = [value("a", f32, [2, "n"]), value("b", f32, ["m", 2])];
  for (const [what, inputs, nodes, fits, broken] of [
    [
      "a product",
      [wide, tall],
      [node("MatMul", ["a", "b"], ["then"])],
      { a: [2, 3], b: [3, 2] },
      { a: [2, 3], b: [4, 2] },
    ],
    [
      "a sum",
      [wide, tall],
      [
        node("Transpose", ["b"], ["bt"]),
        node("Add", ["a", "bt"], ["ab"]),
        node("ReduceSum", ["ab"], ["whole"], [int("keepdims", 1)]),
        node("Add", ["z", "whole"], ["then"]),
      ],
      { a: [2, 1], b: [3, 2] },
      { a: [2, 2], b: [3, 2] },
    ],
    ["the largest", [wide], [node("TopK", ["a", "k"], ["then", ""])], { a: [2, 3] }, { a: [2, 1] }],
  ] as const)
    it(`${what} in a branch: only a run that goes there is refused`, () =>
      both(
        {
          inputs: [value("c", elementType.bool, []), ...inputs, zeros],
          outputs: [value("y", f32, [2, 2])],
          initializers: [i64Tensor("k", [1], [2])],
          nodes: [
            node(
              "If",
              ["c"],
              ["y"],
              [
                graphAttribute("then_branch", { nodes: [...nodes], outputs: [value("then", f32)] }),
                graphAttribute("else_branch", {
                  nodes: [node("Identity", ["z"], ["else"])],
                  outputs: [value("else", f32)],
                }),
              ],
            ),
          ],
        },
        async model => {
          const run = (c: number, dims: Readonly<Record<string, readonly number[]>>) => {
            const given = Object.entries(dims).map(([name, d]) => [name, count(d)] as const);
            return model.run({
              ...Object.fromEntries(given),
              c: new Tensor("bool", Uint8Array.of(c), []),
              z: count([2, 2]),
            });
          };
          const { y } = await run(1, fits);
          assert.ok(y!.data[0]! > 0);
          assert.deepEqual([...(await run(0, broken)).y!.data], [0, 1, 2, 3]);
          await assert.rejects(run(1, broken), { code: "shape" });
        },
      ));

  it("a product in the body of a loop", () =>
    both(
      {
        inputs: [value("t", i64, []), wide, tall, zeros],
        outputs: [value("y", f32, [2, 2])],
        nodes: [
          node(
            "Loop",
            ["t", "", "z"],
            ["y"],
            [
              graphAttribute("body", {
                inputs: [value("i", i64, []), value("go", elementType.bool, []), value("s", f32, [2, 2])],
                outputs: [value("on", elementType.bool, []), value("sum", f32, [2, 2])],
                nodes: [
                  node("Identity", ["go"], ["on"]),
                  node("MatMul", ["a", "b"], ["p"]),
                  node("Add", ["s", "p"], ["sum"]),
                ],
              }),
            ],
          ),
        ],
      },
      async model => {
        const t = new Tensor("i64", BigInt64Array.of(2n), []);
        const { y } = await model.run({ t, a: count([2, 3]), b: count([3, 2]), z: count([2, 2]) });
        assert.deepEqual([...y!.data], [20, 27, 58, 83]);
        await assert.rejects(model.run({ t, a: count([2, 3]), b: count([4, 2]), z: count([2, 2]) }), { code: "shape" });
      },
    ));
});

describe("contents that decide dims and that no float64 holds", () => {
  for (const [op, nodes] of [
    ["Reshape", [node("Reshape", ["x", "s"], ["y"])]],
    ["Squeeze", [node("Squeeze", ["x", "s"], ["y"])]],
  ] as const)
    it(`${op}: they are named, and the run ends`, () =>
      withModel(
        {
          opset: 13,
          inputs: [value("x", f32, ["n"]), value("s", i64, [1])],
          outputs: [value("y", f32)],
          nodes: [...nodes],
        },
        async model => {
          const s = new Tensor("i64", BigInt64Array.of(2n ** 53n + 1n), [1]);
          await assert.rejects(model.run({ x: count([1]), s }), {
            code: "input",
            message: /"s" decides dims.*element 0/,
          });
          const { y } = await model.run({ x: count([1]), s: whole(op === "Reshape" ? -1 : 0) });
          assert.equal(y!.data.length, 1);
        },
      ));
});
