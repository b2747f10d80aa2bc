// Expansion: operators that are written in terms of others, a user's among them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { infer } from "../../src/graph/infer.js";
import { partition } from "../../src/graph/partition/partition.js";
import { runPasses } from "../../src/graph/pass.js";
import { expandOperators } from "../../src/graph/passes/index.js";
import { load } from "../../src/load/load.js";
import type { Operator } from "../../src/ops/operator.js";
import { elementType, node, onnxModel, value } from "../frontends/onnx-model.js";
import { fullRegistry } from "../ops/full-registry.js";

const domain = "test";
const square: Operator = {
  name: "Square",
  domain,
  inputs: ["X"],
  outputs: ["Y"],
  shape: ({ dims }) => ({ Y: dims.X! }),
  expand: ({ inputs }, build) => ({ Y: build.node("Mul", [inputs.X, inputs.X]) }),
};
const distance: Operator = {
  name: "Distance",
  domain,
  inputs: ["A", "B"],
  outputs: ["Y", "squares?"],
  shape: ({ dims }) => ({ Y: [], squares: dims.A! }),
  expand: ({ inputs }, build) => {
    const squares = build.node("Square", [build.node("Sub", [inputs.A, inputs.B])], {}, domain);
    const sum = build.node("ReduceSum", [squares, build.constant("i64", [1], [0])], { keepdims: 0 });
    return { Y: build.node("Sqrt", [sum]), squares };
  },
};
const endless: Operator = {
  ...square,
  name: "Endless",
  expand: ({ inputs }, build) => ({ Y: build.node("Endless", [inputs.X], {}, domain) }),
};
const forgetful: Operator = { ...square, name: "Forgetful", expand: () => ({}) };
const operators = [square, distance, endless, forgetful];
const registry = fullRegistry(operators);

const model = (op: string, inputs: readonly string[]): Uint8Array =>
  onnxModel({
    inputs: inputs.map(n => value(n, elementType.f32, ["n"])),
    outputs: [value("y", elementType.f32)],
    nodes: [
      { ...node("Relu", ["a"], ["r"]) },
      { ...node(op, ["r", ...inputs.slice(1)], ["s"], [], "it"), domain },
      node("Neg", ["s"], ["y"]),
    ],
    domains: { [domain]: 1 },
  });

describe("expand", () => {
  it("puts other nodes in the place of a node, expansions within expansions too", async () => {
    const graph = infer(await readOnnx(model("Distance", ["a", "b"])), registry);
    const done = await runPasses(graph, [expandOperators(registry)]);
    assert.deepEqual(
      done.nodes.map(n => `${n.op} ${n.name}`),
      [
        "Relu Relu_0",
        "Sub it/Sub_0",
        "Mul it/Square_1/Mul_0",
        "ReduceSum it/ReduceSum_2",
        "Sqrt it/Sqrt_3",
        "Neg Neg_2",
      ],
    );
    assert.ok(done.nodes.every(n => n.outputs.every(o => o!.dims && o!.dtype)));
  });
  it("computes", async () => {
    const loaded = await load(model("Distance", ["a", "b"]), { operators, threads: 1 });
    const tensor = (...data: number[]) =>
      ({ dtype: "f32", dims: [data.length], data: Float32Array.from(data) }) as const;
    const { y } = await loaded.run({ a: tensor(3, 5, -1), b: tensor(0, 1, 0) });
    assert.deepEqual([...(y!.data as Float32Array)], [-5]);
    loaded.dispose();
  });
  it("refuses an operator that expands to itself", async () => {
    const graph = infer(await readOnnx(model("Endless", ["a"])), registry);
    await assert.rejects(async () => runPasses(graph, [expandOperators(registry)]), {
      code: "operator-unsupported",
      message:
        "Operators expand to operators that expand, more than 8 deep; let the expansion of an operator end in others",
    });
  });
  it("refuses an operator that gives no value for an output", async () => {
    const graph = infer(await readOnnx(model("Forgetful", ["a"])), registry);
    await assert.rejects(async () => runPasses(graph, [expandOperators(registry)]), {
      code: "operator-unsupported",
      message:
        'Forgetful "it": the operator gives nothing for its output Y; leave the output out or use another operator',
    });
  });
  it("is missed by name where a user's list of passes leaves it out", async () => {
    const graph = infer(await readOnnx(model("Square", ["a"])), registry);
    assert.throws(() => partition(graph, registry), {
      code: "operator-unsupported",
      message: 'Square "it": the pass "expand" turns it into other operators, and has not run; it cannot be compiled',
    });
  });
});
