// Inference: dims, dtypes and known values; what it refuses, word for word; what waits for concrete dims.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { concretize } from "../../src/graph/concretize.js";
import { numbersOf } from "../../src/graph/constants.js";
import type { Graph } from "../../src/graph/graph.js";
import { infer, needsConcreteDims } from "../../src/graph/infer.js";
import { runPasses } from "../../src/graph/pass.js";
import { defaultPasses } from "../../src/graph/passes/index.js";
import { printGraph } from "../../src/graph/print.js";
import { bindSymbols, specialize } from "../../src/graph/specialize.js";
import { verifyGraph } from "../../src/graph/verify.js";
import type { Operator } from "../../src/ops/operator.js";
import type { ModelInit } from "../frontends/onnx-model.js";
import {
  elementType,
  f32Tensor,
  graphAttribute,
  i64Tensor,
  int,
  ints,
  node,
  onnxModel,
  text,
  value,
} from "../frontends/onnx-model.js";
import { fullRegistry } from "../ops/full-registry.js";

const { f32, f64, i64, i32, u8, bool } = elementType;
const registry = fullRegistry();
const inferred = async (model: ModelInit, ...user: Operator[]): Promise<Graph> =>
  infer(await readOnnx(onnxModel(model)), user.length ? fullRegistry(user) : registry);
const x = value("x", f32, ["n", 4]);
const y = value("y", 0);

const swoosh: Operator = {
  name: "Swoosh",
  domain: "com.example",
  inputs: ["X", "B?"],
  outputs: ["Y"],
  attributes: { beta: { type: "float", default: 1 }, mode: { type: "string", required: true } },
  shape: ({ dims }) => ({ Y: dims.X! }),
};
const swooshNode = (inputs: string[], attributes = [text("mode", "fast")]) => ({
  ...node("Swoosh", inputs, ["y"], attributes, "s1"),
  domain: "com.example",
});
const withSwoosh = { domains: { "com.example": 1 }, inputs: [x], outputs: [y] };

describe("infer", () => {
  it("carries symbolic dims, dtypes and contents through the graph", async () => {
    const graph = await inferred({
      inputs: [value("x", f32, ["n", "h", 6])],
      outputs: [y],
      initializers: [i64Tensor("one", [1], [1]), i64Tensor("two", [1], [2]), i64Tensor("rest", [1], [-1])],
      nodes: [
        node("Shape", ["x"], ["s"]),
        node("Slice", ["s", "one", "two"], ["h"]),
        node("Concat", ["rest", "h", "two"], ["t"], [int("axis", 0)]),
        node("Mul", ["t", "two"], ["t2"]),
        node("Reshape", ["x", "t"], ["r"]),
        node("Cast", ["r"], ["y"], [int("to", 6)]),
      ],
    });
    verifyGraph(graph, { typed: true });
    const lines = printGraph(graph).split("\n");
    assert.deepEqual(
      lines.filter(l => l.includes("@")),
      [
        "  s: i64[3] = Shape@17(x) Shape_0 // = [n, h, 6]",
        "  h: i64[1] = Slice@17(s, one, two) Slice_1 // = [h]",
        "  t: i64[3] = Concat@17(rest, h, two) Concat_2 {axis = 0} // = [-1, h, 2]",
        "  t2: i64[3] = Mul@17(t, two) Mul_3 // = [-2, 2*h, 4]",
        "  r: f32[3*n, h, 2] = Reshape@17(x, t) Reshape_4",
        "  y: i32[3*n, h, 2] = Cast@17(r) Cast_5 {to = 6}",
      ],
    );
  });

  it("knows what arithmetic gives in the dtype of its operands, and nothing of integers that wrap around", async () => {
    const graph = await inferred({
      inputs: [x],
      outputs: [y],
      initializers: [
        i64Tensor("ten", [1], [10]),
        i64Tensor("end", [1], [2n ** 63n - 1n]),
        f32Tensor("scale", [1], [0.7]),
        { name: "tenth", dataType: f64, dims: [1n], rawData: new Uint8Array(Float64Array.of(0.1).buffer) },
        { name: "three", dataType: u8, dims: [1n], rawData: Uint8Array.of(3) },
        { name: "five", dataType: u8, dims: [1n], rawData: Uint8Array.of(5) },
        { name: "most", dataType: i32, dims: [1n], rawData: new Uint8Array(Int32Array.of(2 ** 31 - 1).buffer) },
      ],
      nodes: [
        node("Cast", ["ten"], ["f"], [int("to", f32)]),
        // in float64 6.9999998807…
        node("Mul", ["f", "scale"], ["scaled"]),
        node("Floor", ["scaled"], ["whole"]),
        node("Cast", ["tenth"], ["rounded"], [int("to", f32)]),
        node("Sub", ["five", "three"], ["two"]),
        node("Sub", ["three", "five"], ["wrapped"]),
        node("Add", ["most", "most"], ["over"]),
        // the end of 64 bits, which float64 does not hold, orders others and is no factor
        node("Mod", ["end", "ten"], ["left"]),
        node("Equal", ["end", "end"], ["same"]),
        node("Min", ["end", "ten"], ["least"]),
        node("Cast", ["x"], ["y"], [int("to", i32)]),
      ],
    });
    const known = Object.fromEntries(graph.nodes.map(n => [n.outputs[0]!.name, numbersOf(n.outputs[0]!.known)]));
    assert.deepEqual(known, {
      f: [10],
      scaled: [7],
      whole: [7],
      rounded: [Math.fround(0.1)],
      two: [2],
      wrapped: undefined,
      over: undefined,
      left: undefined,
      same: undefined,
      least: [10],
      y: undefined,
    });
  });

  it("notes what the file declares wrongly, and goes by what it finds", async () => {
    const graph = await readOnnx(
      onnxModel({
        inputs: [x],
        outputs: [value("y", i32, ["n", 5])],
        nodes: [node("Relu", ["x"], ["y"], [], "relu")],
      }),
    );
    const notes: string[] = [];
    const [out] = infer(graph, registry, { onNote: n => notes.push(n) }).outputs;
    assert.deepEqual([out!.dtype, out!.dims!.map(d => d.print())], ["f32", ["n", "4"]]);
    assert.deepEqual(notes, ['Relu "relu": the file declares i32[n, 5] for "y", but it is f32[n, 4]']);
  });

  it("changes nothing when it runs again", async () => {
    const graph = await inferred({ inputs: [x], outputs: [y], nodes: [node("Softmax", ["x"], ["y"])] });
    const again = infer(graph, registry);
    assert.equal(again.outputs[0], graph.outputs[0]);
    assert.equal(printGraph(again), printGraph(graph));
  });

  it("asks a user's operator, with checked attributes and their defaults", async () => {
    const seen: unknown[] = [];
    const spy: Operator = {
      ...swoosh,
      shape: info => {
        seen.push(info.attributes, info.present, info.wanted, info.opset);
        return { Y: info.dims.X! };
      },
    };
    const graph = await inferred({ ...withSwoosh, nodes: [swooshNode(["x"])] }, spy);
    assert.deepEqual(
      graph.outputs[0]!.dims!.map(d => d.print()),
      ["n", "4"],
    );
    assert.deepEqual(seen, [{ mode: "fast", beta: 1 }, ["X"], ["Y"], 1]);
  });
});

describe("what inference refuses", () => {
  const refused: readonly { title: string; model: ModelInit; user?: Operator; code: string; message: string }[] = [
    {
      title: "an operator that nobody knows",
      model: { ...withSwoosh, nodes: [swooshNode(["x"])] },
      code: "operator-unknown",
      message:
        'Swoosh "s1": there is no operator "Swoosh" in the domain "com.example"; pass one to load(model, { operators: [...] })',
    },
    {
      title: "a loop without its body",
      model: { inputs: [x], outputs: [y], nodes: [node("Loop", ["", "", "x"], ["y"], [], "loop")] },
      code: "operator-attribute",
      message: 'Loop "loop": attribute "body" (graph) is missing; Loop can\'t do without it',
    },
    {
      title: "an attribute that the operator does not have",
      model: { inputs: [x], outputs: [y], nodes: [node("Softmax", ["x"], ["y"], [int("axes", 1)], "probs")] },
      code: "operator-attribute",
      message: 'Softmax "probs": there is no attribute "axes" in opset 17; known are axis',
    },
    {
      title: "an attribute of another type",
      model: { ...withSwoosh, nodes: [swooshNode(["x"], [text("mode", "a"), ints("beta", [1, 2])])] },
      user: swoosh,
      code: "operator-attribute",
      message: 'Swoosh "s1": attribute "beta" is [1, 2]; Swoosh takes float there',
    },
    {
      title: "an attribute that is missing",
      model: { ...withSwoosh, nodes: [swooshNode(["x"], [])] },
      user: swoosh,
      code: "operator-attribute",
      message: 'Swoosh "s1": attribute "mode" (string) is missing; Swoosh can\'t do without it',
    },
    {
      title: "an input that is missing",
      model: { ...withSwoosh, nodes: [swooshNode(["", "x"])] },
      user: swoosh,
      code: "graph-invalid",
      message: 'Swoosh "s1": input X is missing; Swoosh takes X, B?: export the model again',
    },
    {
      title: "too many inputs",
      model: { ...withSwoosh, nodes: [swooshNode(["x", "x", "x"])] },
      user: swoosh,
      code: "graph-invalid",
      message: 'Swoosh "s1": has 3 inputs, and Swoosh has at most 2 (X, B?); export the model again',
    },
    {
      title: "an output that the operator says nothing of",
      model: { ...withSwoosh, nodes: [swooshNode(["x"])] },
      user: { ...swoosh, shape: () => ({}) },
      code: "operator-unsupported",
      message:
        'Swoosh "s1": the operator gives no shape for its output Y; leave the output out or use another operator',
    },
    {
      title: "operators that only hosts can run",
      model: { ...withSwoosh, nodes: [swooshNode(["x"])] },
      user: { ...swoosh, host: { reason: "strings are not tensors here; tokenise before the model" } },
      code: "operator-unsupported",
      message: 'Swoosh "s1": strings are not tensors here; tokenise before the model',
    },
    {
      title: "an If without branch",
      model: { inputs: [value("c", bool, [])], outputs: [y], nodes: [node("If", ["c"], ["y"], [], "if1")] },
      code: "graph-invalid",
      message: 'If "if1": then_branch is missing; export the model again',
    },
    {
      title: "branches of different dtypes",
      model: {
        inputs: [value("c", bool, []), value("a", f32, [1]), value("b", i64, [1])],
        outputs: [y],
        nodes: [
          node(
            "If",
            ["c"],
            ["y"],
            [
              graphAttribute("then_branch", { outputs: [value("a", f32)] }),
              graphAttribute("else_branch", { outputs: [value("b", i64)] }),
            ],
            "if1",
          ),
        ],
      },
      code: "graph-invalid",
      message: 'If "if1": output "y" is f32 in one branch and i64 in the other; cast one of them',
    },
  ];
  for (const { title, model, user, code, message } of refused)
    it(title, () => assert.rejects(inferred(model, ...(user ? [user] : [])), { name: "AzulejoError", code, message }));
});

describe("ranks that depend on dims", () => {
  // squeezes axis 0 where it is 1: what exporters write for torch.squeeze
  const squeezing: ModelInit = {
    inputs: [value("x", f32, ["n", "m"])],
    outputs: [y],
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
          graphAttribute("then_branch", { outputs: [value("p", f32)], nodes: [node("Squeeze", ["x", "axes"], ["p"])] }),
          graphAttribute("else_branch", { outputs: [value("x", f32)] }),
        ],
        "squeeze",
      ),
      node("Exp", ["z"], ["y"]),
    ],
  };
  const prepare = (g: Graph): Promise<Graph> => runPasses(g, defaultPasses(registry));
  const noContent = (): readonly number[] => assert.fail("content is not needed");

  it("wait for concrete dims, and say why", async () => {
    const graph = await inferred(squeezing);
    assert.equal(
      needsConcreteDims(graph),
      'If "squeeze": output "z" is f32[m] in one branch and f32[n, m] in the other',
    );
    assert.equal(graph.outputs[0]!.dims, undefined);
  });
  it("are found for each set of dims", async () => {
    const graph = await inferred(squeezing);
    for (const [dims, want] of [
      [[1, 3], ["3"]],
      [
        [2, 3],
        ["2", "3"],
      ],
    ] as const) {
      const { graph: done, deciding } = await concretize(
        graph,
        { x: dims },
        { registry, prepare, contentOf: noContent },
      );
      assert.deepEqual(
        done.outputs[0]!.dims!.map(d => d.print()),
        want,
      );
      assert.deepEqual(
        done.nodes.map(n => n.op),
        want.length === 1 ? ["Squeeze", "Exp"] : ["Exp"],
      );
      assert.deepEqual(deciding, []);
    }
  });
  it("take the content of an input where one branch does not fit the dims", async () => {
    const twoRates: ModelInit = {
      inputs: [value("rate", i64, []), value("x", f32, [1, "t"])],
      outputs: [y],
      initializers: [
        i64Tensor("r", [], [16000]),
        i64Tensor("d16", [2], [2, 8]),
        i64Tensor("d8", [3], [1, 2, 4]),
        f32Tensor("w", [1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8]),
      ],
      nodes: [
        node("Equal", ["rate", "r"], ["is16"]),
        node(
          "If",
          ["is16"],
          ["y"],
          [
            graphAttribute("then_branch", {
              outputs: [value("p", f32)],
              nodes: [node("Reshape", ["x", "d16"], ["p"])],
            }),
            graphAttribute("else_branch", {
              outputs: [value("q", f32)],
              nodes: [node("Reshape", ["x", "d8"], ["v"]), node("Add", ["v", "w"], ["q"])],
            }),
          ],
        ),
      ],
    };
    const graph = await readOnnx(onnxModel(twoRates));
    const asked: string[] = [];
    const { graph: done, deciding } = await concretize(
      graph,
      { rate: [], x: [1, 16] },
      {
        registry,
        prepare,
        contentOf: name => {
          asked.push(name);
          return [16000];
        },
      },
    );
    assert.deepEqual([asked, deciding], [["rate"], ["rate"]]);
    assert.deepEqual(
      done.outputs[0]!.dims!.map(d => d.print()),
      ["2", "8"],
    );
  });
  it("stay open where only what the graph computes decides them", async () => {
    const graph = await readOnnx(
      onnxModel({
        ...squeezing,
        inputs: [value("x", f32, [1, "m"])],
        nodes: [
          node("ReduceSum", ["x"], ["sum"], [int("keepdims", 0)]),
          node("Cast", ["sum"], ["is1"], [int("to", 9)]),
          ...squeezing.nodes!.slice(3),
        ],
      }),
    );
    const { open } = await concretize(graph, { x: [1, 2] }, { registry, prepare, contentOf: noContent });
    assert.equal(open, 'If "squeeze": output "z" is f32[2] in one branch and f32[1, 2] in the other');
  });
  it("inputs of unknown rank get theirs", async () => {
    const graph = await inferred({ inputs: [value("x", f32)], outputs: [y], nodes: [node("Relu", ["x"], ["y"])] });
    assert.equal(needsConcreteDims(graph), 'the rank of input "x" is not known');
    const done = infer(specialize(graph, { x: [2, 5] }), registry);
    assert.equal(needsConcreteDims(done), undefined);
    assert.deepEqual(
      done.outputs[0]!.dims!.map(d => d.constant),
      [2, 5],
    );
  });
});

describe("dims of a run", () => {
  it("give the symbols their numbers", async () => {
    const read = await readOnnx(
      onnxModel({
        inputs: [value("a", f32, ["n", 3]), value("b", f32, ["n", "m"])],
        outputs: [value("a", f32)],
      }),
    );
    const found = bindSymbols(read, { a: [2, 3], b: [2, 7] });
    assert.deepEqual(
      [...found].map(([s, n]) => [s.name, n]),
      [
        ["n", 2],
        ["m", 7],
      ],
    );
    const refused: readonly [Record<string, number[]>, string][] = [
      [{ a: [2, 3] }, 'Input "b" is missing; give a tensor of [n, m]'],
      [{ a: [2], b: [2, 7] }, 'Input "a" has dims [2], and the model takes [n, 3]; give 2 dims'],
      [{ a: [2, 4], b: [2, 7] }, 'Input "a" has dims [2, 4], and the model takes [n, 3]; axis 1 must be 3'],
      [
        { a: [2, 3], b: [5, 7] },
        'Input "b" has dims [5, 7], and the model takes [n, m]; axis 0 must be 2, because n is 2 in an earlier input or axis',
      ],
    ];
    for (const [dims, message] of refused)
      assert.throws(() => bindSymbols(read, dims), { name: "AzulejoError", code: "input", message });
  });
});
