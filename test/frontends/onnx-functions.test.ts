// Functions that a file defines itself: their bodies take the place of the calls.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { printGraph } from "../../src/graph/print.js";
import { load } from "../../src/load/load.js";
import type { AttributeInit, FunctionInit, ModelInit, NodeInit } from "./onnx-model.js";
import {
  elementType,
  f32Tensor,
  float,
  graphAttribute,
  node,
  onnxModel,
  reference,
  tensorAttribute,
  value,
} from "./onnx-model.js";

const { f32 } = elementType;
const domain = "my";
const call = (name: string, inputs: string[], outputs: string[], attributes: AttributeInit[] = []): NodeInit =>
  Object.assign(node(name, inputs, outputs, attributes, `call ${name}`), { domain });
/** y = alpha · x + offset, where there is an offset */
const scale: FunctionInit = {
  name: "Scale",
  domain,
  inputs: ["x", "offset"],
  outputs: ["y"],
  defaults: [float("alpha", 3)],
  nodes: [
    node("Constant", [], ["factor"], [reference("value_float", "alpha")]),
    node("Mul", ["x", "factor"], ["x1"]),
    node("Max", ["x1", "offset"], ["y"]),
  ],
};
const model = (functions: FunctionInit[], nodes: NodeInit[], more: ModelInit = {}): Uint8Array =>
  onnxModel({
    inputs: [value("x", f32, ["n"])],
    outputs: [value("y", f32, ["n"])],
    nodes,
    functions,
    domains: { [domain]: 1 },
    ...more,
  });

async function run(bytes: Uint8Array, x: readonly number[]): Promise<number[]> {
  const loaded = await load(bytes, { threads: 1 });
  const { y } = await loaded.run({ x: { dtype: "f32", dims: [x.length], data: Float32Array.from(x) } });
  loaded.dispose();
  return Array.from(y!.data as Float32Array, v => v + 0);
}
const shape = async (bytes: Uint8Array): Promise<string[]> =>
  (await readOnnx(bytes)).nodes.map(
    n => `${n.op} "${n.name}" ${n.inputs.map(v => v?.name ?? "-")} → ${n.outputs.map(v => v?.name ?? "-")}`,
  );

describe("functions in ONNX files", () => {
  it("are put in the place of their calls, under the names of the calls", async () => {
    const bytes = model(
      [scale],
      [call("Scale", ["x", "x"], ["h"], [float("alpha", 0.5)]), call("Scale", ["h", ""], ["y"])],
    );
    assert.deepEqual(await shape(bytes), [
      'Mul "call Scale/Mul_1" x,factor → call Scale/x1',
      'Max "call Scale/Max_2" call Scale/x1,x → h',
      'Mul "call Scale_1/Mul_1" h,factor → call Scale_1/x1',
      'Max "call Scale_1/Max_2" call Scale_1/x1,- → y',
    ]);
  });
  it("compute with the attributes of the call, or with defaults", async () => {
    const bytes = model(
      [scale],
      [call("Scale", ["x", "x"], ["h"], [float("alpha", 0.5)]), call("Scale", ["h"], ["y"])],
    );
    assert.deepEqual(await run(bytes, [2, -4]), [6, -6]);
  });
  it("call other functions and hand attributes on", async () => {
    const outer: FunctionInit = {
      name: "Outer",
      domain,
      inputs: ["a"],
      outputs: ["b"],
      attributes: ["beta"],
      nodes: [call("Scale", ["a", "a"], ["t"], [reference("alpha", "beta")]), node("Neg", ["t"], ["b"])],
      opsets: { "": 17, [domain]: 1 },
    };
    assert.deepEqual(
      await run(model([scale, outer], [call("Outer", ["x"], ["y"], [float("beta", 5)])]), [2, -1]),
      [-10, 1],
    );
    assert.deepEqual(await run(model([scale, outer], [call("Outer", ["x"], ["y"])]), [2, -1]), [-6, 1]);
  });
  it("see nothing of the graph that calls them", async () => {
    const nosy: FunctionInit = {
      name: "Nosy",
      domain,
      inputs: ["a"],
      outputs: ["b"],
      nodes: [node("Add", ["a", "w"], ["b"])],
    };
    const bytes = model([nosy], [call("Nosy", ["x"], ["y"])], { initializers: [f32Tensor("w", [1], [1])] });
    await assert.rejects(readOnnx(bytes), {
      code: "graph-invalid",
      message:
        'Node "Add_0" (Add) in Node "call Nosy" (Nosy) reads "w", which no input, initializer or node defines; the file is damaged or was cut out of a larger model badly: export it again',
    });
  });
  it("may hand an input through, and a constant out", async () => {
    const both: FunctionInit = {
      name: "Both",
      domain,
      inputs: ["a"],
      outputs: ["a", "c"],
      nodes: [node("Constant", [], ["c"], [tensorAttribute("value", f32Tensor("", [1], [10]))])],
    };
    const bytes = model([both], [call("Both", ["x"], ["p", "q"]), node("Add", ["p", "q"], ["y"])]);
    assert.deepEqual(await run(bytes, [1, 2]), [11, 12]);
    const alone = model([both], [call("Both", ["x"], ["y", ""])]);
    assert.deepEqual(await run(alone, [1, 2]), [1, 2]);
  });
  it("have branches that see the values of the body, and their attributes", async () => {
    const branch = (op: string, attributes: AttributeInit[]) =>
      graphAttribute(op === "Elu" ? "then_branch" : "else_branch", {
        outputs: [value("r", f32)],
        nodes: [node(op, ["twice"], ["r"], attributes)],
      });
    const choose: FunctionInit = {
      name: "Choose",
      domain,
      inputs: ["a"],
      outputs: ["b"],
      attributes: ["alpha"],
      nodes: [
        node("Add", ["a", "a"], ["twice"]),
        node("ReduceMax", ["a"], ["top"], []),
        node("Cast", ["top"], ["flag"], [{ name: "to", type: 2, i: 9n }]),
        node("If", ["flag"], ["b"], [branch("Elu", [reference("alpha", "alpha")]), branch("Neg", [])]),
      ],
    };
    const bytes = model([choose], [call("Choose", ["x"], ["y"], [float("alpha", 0)])]);
    assert.deepEqual(await run(bytes, [3, -1]), [6, 0]);
    assert.deepEqual(await run(bytes, [0, -1]), [0, 2]);
  });
  it("bring operator sets of their own", async () => {
    const old: FunctionInit = {
      name: "Old",
      domain,
      inputs: ["a"],
      outputs: ["b"],
      nodes: [node("Softmax", ["a"], ["b"])],
      opsets: { "": 11 },
    };
    const graph = await readOnnx(model([old], [call("Old", ["x"], ["h"]), node("Softmax", ["h"], ["y"])]));
    assert.deepEqual(
      graph.nodes.map(n => n.opset),
      [11, 17],
    );
    assert.match(printGraph(graph), /call Old\/Softmax_0/);
  });
  it("are refused where they call themselves", async () => {
    const fn = (name: string, calls: string): FunctionInit => ({
      name,
      domain,
      inputs: ["a"],
      outputs: ["b"],
      nodes: [call(calls, ["a"], ["b"])],
      opsets: { [domain]: 1 },
    });
    await assert.rejects(readOnnx(model([fn("A", "B"), fn("B", "A")], [call("A", ["x"], ["y"])])), {
      code: "graph-invalid",
      message:
        'Node "call A" (A) in Node "call B" (B) in Node "call A" (A) calls the function "A" inside of itself, and functions must not be recursive; export the model again',
    });
  });
  it("are refused where they grow without limit", async () => {
    const twice = (k: number): FunctionInit => ({
      name: `F${k}`,
      domain,
      inputs: ["a"],
      outputs: ["b"],
      nodes: [call(`F${k - 1}`, ["a"], ["t"]), call(`F${k - 1}`, ["t"], ["b"])],
      opsets: { [domain]: 1 },
    });
    const wide: FunctionInit = {
      name: "F0",
      domain,
      inputs: ["a"],
      outputs: ["b"],
      nodes: Array.from({ length: 200 }, (_, i) =>
        node("Neg", [i === 0 ? "a" : `t${i - 1}`], [i === 199 ? "b" : `t${i}`]),
      ),
    };
    const functions = [wide, ...Array.from({ length: 12 }, (_, k) => twice(k + 1))];
    const nodes = [call("F12", ["x"], ["h"]), call("F12", ["h"], ["y"])];
    await assert.rejects(readOnnx(model(functions, nodes)), (error: Error & { code?: string }) => {
      assert.equal(error.code, "operator-unsupported");
      assert.match(
        error.message,
        /^Node "call F12" \(F12\) brings the nodes that functions stand for to more than 200000; inline the functions when you export the model, or split it$/,
      );
      return true;
    });
  });
  it("are refused where a call does not fit", async () => {
    await assert.rejects(readOnnx(model([scale], [call("Scale", ["x", "x", "x"], ["y"])])), {
      code: "graph-invalid",
      message:
        'Node "call Scale" (Scale) has 3 inputs and 1 outputs, and the function has 2 and 1; export the model again',
    });
    const empty: FunctionInit = { name: "Empty", domain, inputs: ["a"], outputs: ["b"] };
    await assert.rejects(readOnnx(model([empty], [call("Empty", ["x"], ["y"])])), {
      code: "graph-invalid",
      message: 'Output "b" of the function "Empty" is made by none of its nodes; export the model again',
    });
  });
});
