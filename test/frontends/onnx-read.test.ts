// What readOnnx makes of correct files: values, constants, dims, subgraphs, order.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { numbersOf } from "../../src/graph/constants.js";
import type { Graph } from "../../src/graph/graph.js";
import { printGraph } from "../../src/graph/print.js";
import { verifyGraph } from "../../src/graph/verify.js";
import {
  elementType,
  f32Tensor,
  floats,
  graphAttribute,
  i64Tensor,
  int,
  ints,
  node,
  onnxModel,
  tensorAttribute,
  text,
  value,
} from "./onnx-model.js";

const { f32, bool } = elementType;

describe("readOnnx", () => {
  it("reads inputs, weights, nodes and attributes", async () => {
    const graph = await readOnnx(
      onnxModel({
        inputs: [value("x", f32, ["batch", 2])],
        outputs: [value("y", f32)],
        initializers: [f32Tensor("w", [2, 3], [1, 2, 3, 4, 5, 6])],
        nodes: [
          node("Gemm", ["x", "w"], ["h"], [int("transB", 0)], "gemm"),
          node("Softmax", ["h"], ["y"], [int("axis", -1)]),
        ],
      }),
    );
    verifyGraph(graph);
    assert.equal(
      printGraph(graph),
      `graph test(x: f32[batch, 2]) -> (y) {
  constant w: f32[2, 3] = [1, 2, 3, 4, 5, 6]
  h = Gemm@17(x, w) gemm {transB = 0}
  y: f32 = Softmax@17(h) Softmax_1 {axis = -1}
}
`,
    );
  });

  it("shares named dims, makes a symbol for each unnamed one, and takes -1 for unnamed", async () => {
    const graph = await readOnnx(
      onnxModel({
        inputs: [value("a", f32, ["n", null, -1]), value("b", f32, ["n", 0]), value("c", f32, []), value("d", f32)],
        outputs: [value("y", f32)],
        nodes: [node("Identity", ["a"], ["y"])],
      }),
    );
    const [a, b, c, d] = graph.inputs;
    assert.ok(a!.dims![0]!.equals(b!.dims![0]!));
    assert.deepEqual(
      [a, b, c].map(v => v!.dims!.map(p => p.print())),
      [["n", "a_1", "a_2"], ["n", "0"], []],
    );
    assert.equal(d!.dims, undefined);
    assert.deepEqual(
      graph.symbols.map(s => s.name),
      ["n", "a_1", "a_2"],
    );
  });

  it("fixes dims that have no name in the file by the names they are given", async () => {
    const relu = node("Relu", ["x"], ["y"]);
    const file = onnxModel({ inputs: [value("x", 1, ["batch", null])], outputs: [value("y", 1)], nodes: [relu] });
    const dims = (graph: Graph) => graph.inputs[0]!.dims!.map(d => d.print());
    assert.deepEqual(dims(await readOnnx(file)), ["batch", "x_1"]);
    assert.deepEqual(dims(await readOnnx(file, { dims: { x_1: 3 } })), ["batch", "3"]);
    await assert.rejects(readOnnx(file, { dims: { x_0: 3 } }), {
      code: "option",
      message: 'Option dims: the model has no dim named "x_0"; it has "batch", "x_1"',
    });
  });

  it("fixes dims by name", async () => {
    const file = onnxModel({
      inputs: [value("x", f32, ["batch", "width"])],
      outputs: [value("y", f32, ["batch", "width"])],
      nodes: [node("Relu", ["x"], ["y"])],
    });
    const graph = await readOnnx(file, { dims: { batch: 4 } });
    assert.deepEqual(
      graph.inputs[0]!.dims!.map(p => p.print()),
      ["4", "width"],
    );
    await assert.rejects(readOnnx(file, { dims: { depth: 1 } }), {
      code: "option",
      message: 'Option dims: the model has no dim named "depth"; it has "batch", "width"',
    });
    await assert.rejects(readOnnx(file, { dims: { batch: 1.5 } }), {
      code: "option",
      message: 'Option dims: "batch" is 1.5; give a whole number, 0 or more',
    });
  });

  it("makes constants of Constant nodes, in all their forms", async () => {
    const graph = await readOnnx(
      onnxModel({
        outputs: [value("y", f32)],
        nodes: [
          node("Constant", [], ["t"], [tensorAttribute("value", f32Tensor("", [2], [1, 2]))]),
          node("Constant", [], ["f"], [{ name: "value_float", type: 1, f: 0.5 }]),
          node("Constant", [], ["fs"], [floats("value_floats", [1, 2])]),
          node("Constant", [], ["i"], [int("value_int", 2n ** 63n - 1n)]),
          node("Constant", [], ["is"], [ints("value_ints", [3, -4])]),
          node("Sum", ["t", "f", "fs", "i", "is"], ["y"]),
        ],
      }),
    );
    assert.equal(graph.nodes.length, 1);
    const found = graph.nodes[0]!.inputs.map(v => [v!.name, v!.dtype, v!.dims!.length, numbersOf(v!.known)]);
    assert.deepEqual(found, [
      ["t", "f32", 1, [1, 2]],
      ["f", "f32", 0, [0.5]],
      ["fs", "f32", 1, [1, 2]],
      ["i", "i64", 0, [2 ** 63]],
      ["is", "i64", 1, [3, -4]],
    ]);
  });

  it("takes initializers that are also inputs for weights (IR 3)", async () => {
    const graph = await readOnnx(
      onnxModel({
        irVersion: 3,
        inputs: [value("x", f32, [2]), value("w", f32, [2])],
        outputs: [value("y", f32)],
        initializers: [f32Tensor("w", [2], [1, 2])],
        nodes: [node("Add", ["x", "w"], ["y"])],
      }),
    );
    assert.deepEqual(
      graph.inputs.map(v => v.name),
      ["x"],
    );
    assert.deepEqual(graph.fixedInputs, ["w"]);
  });

  it("gives branches the values around them, and keeps absent inputs and outputs absent", async () => {
    const graph = await readOnnx(
      onnxModel({
        inputs: [value("c", bool, []), value("x", f32, ["n"])],
        outputs: [value("y", f32)],
        nodes: [
          node("Dropout", ["x", "", ""], ["d", ""]),
          node(
            "If",
            ["c"],
            ["y"],
            [
              graphAttribute("then_branch", {
                name: "then",
                outputs: [value("p", f32)],
                nodes: [node("Exp", ["d"], ["p"])],
              }),
              graphAttribute("else_branch", { name: "else", outputs: [value("x", f32)] }),
            ],
          ),
        ],
      }),
    );
    verifyGraph(graph);
    const [dropout, branch] = graph.nodes;
    assert.deepEqual(
      dropout!.inputs.map(v => v?.name),
      ["x", undefined, undefined],
    );
    assert.equal(dropout!.outputs[1], undefined);
    const thenGraph = (branch!.attributes.then_branch as { graph: Graph }).graph;
    assert.equal(thenGraph.nodes[0]!.inputs[0], dropout!.outputs[0]);
    assert.equal((branch!.attributes.else_branch as { graph: Graph }).graph.outputs[0], graph.inputs[1]);
  });

  it("sorts nodes that are listed out of order, and names nameless and namesake nodes", async () => {
    const graph = await readOnnx(
      onnxModel({
        inputs: [value("x", f32, [1])],
        outputs: [value("y", f32)],
        nodes: [node("Neg", ["b"], ["y"], [], "n"), node("Exp", ["a"], ["b"], [], "n"), node("Abs", ["x"], ["a"])],
      }),
    );
    assert.deepEqual(
      graph.nodes.map(n => n.name),
      ["Abs_2", "n_1", "n"],
    );
  });

  it("copies an input or a constant that is an output", async () => {
    const graph = await readOnnx(
      onnxModel({
        inputs: [value("x", f32, [1])],
        outputs: [value("x", f32, [1]), value("w", f32, [2])],
        initializers: [f32Tensor("w", [2], [1, 2])],
      }),
    );
    verifyGraph(graph);
    assert.deepEqual(
      graph.nodes.map(n => [n.op, n.inputs[0]!.name, n.outputs[0]!.name]),
      [
        ["Identity", "x", "x"],
        ["Identity", "w", "w"],
      ],
    );
    assert.deepEqual(
      graph.outputs.map(v => v.name),
      ["x", "w"],
    );
  });

  it("takes an output that is listed twice once", async () => {
    const graph = await readOnnx(
      onnxModel({
        inputs: [value("x", f32, [2])],
        outputs: [value("y", f32), value("x", f32), value("y", f32), value("x", f32)],
        nodes: [node("Neg", ["x"], ["y"])],
      }),
    );
    verifyGraph(graph);
    assert.deepEqual(
      graph.outputs.map(v => v.name),
      ["y", "x"],
    );
  });
  it("reads attributes of every kind", async () => {
    const graph = await readOnnx(
      onnxModel({
        domains: { "com.example": 3 },
        inputs: [value("x", f32, [1])],
        outputs: [value("y", f32)],
        nodes: [
          {
            ...node(
              "Swoosh",
              ["x"],
              ["y"],
              [
                int("i", 2n ** 62n),
                text("s", "größer"),
                floats("fs", [0.5]),
                ints("is", [-(2n ** 63n)]),
                tensorAttribute("t", i64Tensor("t", [1], [7])),
                { name: "strings", type: 8, strings: [Uint8Array.of(65), Uint8Array.of(0xff)] },
              ],
            ),
            domain: "com.example",
          },
        ],
      }),
    );
    const [swoosh] = graph.nodes;
    assert.equal(swoosh!.domain, "com.example");
    assert.equal(swoosh!.opset, 3);
    const { t, ...plain } = swoosh!.attributes;
    assert.deepEqual(plain, { i: 2n ** 62n, s: "größer", fs: [0.5], is: [-(2 ** 63)], strings: ["A", "ÿ"] });
    assert.deepEqual(numbersOf((t as { tensor: Graph["inputs"][number] }).tensor.known), [7]);
  });
});

describe("weights by reference", () => {
  it("reads large tensors only when asked, and never the whole file", async () => {
    const count = 1 << 18;
    const file = onnxModel({
      inputs: [value("x", f32, [count])],
      outputs: [value("y", f32)],
      initializers: [
        f32Tensor(
          "w",
          [count],
          Array.from({ length: count }, (_, i) => i),
        ),
      ],
      nodes: [node("Add", ["x", "w"], ["y"])],
    });
    const asked: number[] = [];
    const source = {
      name: "w.onnx",
      size: file.length,
      read: async (offset: number, length: number) => {
        asked.push(length);
        assert.ok(offset + length <= file.length);
        return file.slice(offset, offset + length);
      },
    };
    const graph = await readOnnx(source);
    const whileReading = asked.reduce((a, b) => a + b, 0);
    assert.ok(whileReading < 600_000, `${whileReading} of ${file.length} bytes`);
    const w = graph.nodes[0]!.inputs[1]!;
    const bytes = await w.constant!.read();
    assert.equal(asked.at(-1), 4 * count);
    assert.equal(new DataView(bytes.buffer, bytes.byteOffset).getFloat32(4 * 77_777, true), 77_777);
  });

  it("gives views of bytes in memory, without copying", async () => {
    const file = onnxModel({
      inputs: [value("x", f32, [1024])],
      outputs: [value("y", f32)],
      initializers: [f32Tensor("w", [1024], new Array(1024).fill(2))],
      nodes: [node("Add", ["x", "w"], ["y"])],
    });
    const graph = await readOnnx(file);
    const bytes = (await graph.nodes[0]!.inputs[1]!.constant!.read()) as Uint8Array;
    assert.equal(bytes.buffer, file.buffer);
  });
});
