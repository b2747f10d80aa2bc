// Gradient: derivatives against differences of the values themselves, and what is refused.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { infer } from "../../src/graph/infer.js";
import { runPasses } from "../../src/graph/pass.js";
import { differentiate } from "../../src/graph/passes/differentiate.js";
import { load } from "../../src/load/load.js";
import type { AttributeInit, ModelInit, NodeInit } from "../frontends/onnx-model.js";
import { elementType, node, onnxModel, text, value } from "../frontends/onnx-model.js";
import { fullRegistry } from "../ops/full-registry.js";

const { f64 } = elementType;
const domain = "ai.onnx.preview.training";
const strings = (name: string, list: readonly string[]): AttributeInit => ({
  name,
  type: 8,
  strings: list.map(s => Uint8Array.from(Buffer.from(s))),
});
const gradient = (inputs: string[], outputs: string[], xs: string[], y: string): NodeInit =>
  Object.assign(node("Gradient", inputs, outputs, [strings("xs", xs), text("y", y)], "g"), { domain });

interface Function {
  readonly title: string;
  /** dims of the inputs a, b, … */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** the last makes y */
  readonly nodes: readonly NodeInit[];
}
const functions: readonly Function[] = [
  {
    title: "arithmetic with broadcasting",
    inputs: { a: [2, 3], b: [3], c: [2, 1] },
    nodes: [
      node("Mul", ["a", "b"], ["p"]),
      node("Div", ["p", "c"], ["q"]),
      node("Sub", ["q", "b"], ["r"]),
      node("Add", ["r", "a"], ["s"]),
      node("Neg", ["s"], ["y"]),
    ],
  },
  {
    title: "functions of one value",
    inputs: { a: [5] },
    nodes: [
      node("Exp", ["a"], ["p"]),
      node("Log", ["p"], ["q"]),
      node("Tanh", ["q"], ["r"]),
      node("Sigmoid", ["r"], ["s"]),
      node("Sqrt", ["s"], ["t"]),
      node("Mul", ["t", "p"], ["y"]),
    ],
  },
  {
    title: "a small network",
    inputs: { x: [4, 3], w: [3, 5], b: [5], v: [5, 2] },
    nodes: [
      node("MatMul", ["x", "w"], ["p"]),
      node("Add", ["p", "b"], ["q"]),
      node("Relu", ["q"], ["r"]),
      node("MatMul", ["r", "v"], ["y"]),
    ],
  },
  {
    title: "stretched batches of matrices",
    inputs: { a: [2, 1, 2, 3], b: [4, 3, 2] },
    nodes: [node("MatMul", ["a", "b"], ["y"])],
  },
];

const modelOf = ({ inputs, nodes }: Pick<Function, "inputs" | "nodes">, more: ModelInit = {}): Uint8Array => {
  const names = Object.keys(inputs);
  const by = names.map(n => `by ${n}`);
  return onnxModel({
    inputs: names.map(n => value(n, f64, inputs[n]!)),
    outputs: ["y", ...by].map(n => value(n, f64)),
    // the question comes before what it asks for
    nodes: [gradient(names, by, names, "y"), ...nodes],
    domains: { [domain]: 1 },
    ...more,
  });
};
type Numbers = Record<string, number[]>;
const numbersFor = (inputs: Function["inputs"]): Numbers =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, dims], k) => {
      const count = dims.reduce((a, b) => a * b, 1);
      return [name, Array.from({ length: count }, (_, i) => 0.4 + ((7 * i + 3 * k) % 11) / 9)];
    }),
  );

describe("gradients", () => {
  for (const f of functions)
    it(`of ${f.title} are what differences show`, async () => {
      const loaded = await load(modelOf(f), { threads: 1 });
      const run = async (x: Numbers): Promise<Numbers> => {
        const given = Object.entries(x).map(
          ([n, data]) => [n, { dtype: "f64", dims: f.inputs[n]!, data: Float64Array.from(data) } as const] as const,
        );
        const out = await loaded.run(Object.fromEntries(given));
        return Object.fromEntries(Object.entries(out).map(([n, t]) => [n, Array.from(t.data as Float64Array)]));
      };
      const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
      const x = numbersFor(f.inputs);
      const found = await run(x);
      const step = 1e-5;
      for (const [name, data] of Object.entries(x))
        for (const i of data.keys()) {
          const moved = async (by: number): Promise<number> =>
            sum((await run({ ...x, [name]: data.with(i, data[i]! + by) })).y!);
          const slope = ((await moved(step)) - (await moved(-step))) / (2 * step);
          const got = found[`by ${name}`]![i]!;
          assert.ok(
            Math.abs(got - slope) <= 1e-6 * Math.max(1, Math.abs(slope)),
            `${name}[${i}]: ${got}, not ${slope}`,
          );
        }
      loaded.dispose();
    });
  it("is 0 where the value does not depend on the input", async () => {
    const loaded = await load(modelOf({ inputs: { a: [2], b: [3] }, nodes: [node("Neg", ["a"], ["y"])] }), {
      threads: 1,
    });
    const tensor = (n: number) => ({ dtype: "f64", dims: [n], data: new Float64Array(n).fill(2) }) as const;
    const out = await loaded.run({ a: tensor(2), b: tensor(3) });
    assert.deepEqual(Array.from(out["by b"]!.data as Float64Array), [0, 0, 0]);
    loaded.dispose();
  });

  const refused = async (bytes: Uint8Array, code: string, message: string): Promise<void> => {
    const registry = fullRegistry();
    const graph = infer(await readOnnx(bytes), registry);
    await assert.rejects(async () => runPasses(graph, [differentiate(registry)]), { code, message });
  };
  it("are refused through operators without derivatives", () =>
    refused(
      modelOf({ inputs: { a: [3] }, nodes: [node("Softmax", ["a"], ["p"], [], "s"), node("Neg", ["p"], ["y"])] }),
      "operator-unsupported",
      'Gradient "g": Softmax "s" lies on the way, and the derivative of Softmax is not known; give its operator one, or take the derivative of another value',
    ));
  it("are refused for a value that nobody makes", () =>
    refused(
      modelOf(
        { inputs: { a: [3] }, nodes: [node("Neg", ["a"], ["y"])] },
        { nodes: [node("Neg", ["a"], ["y"]), gradient(["a"], ["by a"], ["a"], "loss")] },
      ),
      "graph-invalid",
      'Gradient "g": no value is named "loss"; export the model again',
    ));
  it("are refused at other values than those that are named", () =>
    refused(
      modelOf(
        { inputs: { a: [3] }, nodes: [] },
        { nodes: [node("Neg", ["a"], ["y"]), gradient(["y"], ["by a"], ["a"], "y")] },
      ),
      "operator-unsupported",
      'Gradient "g": input 0 is not the value "a", and derivatives at other values are not supported; hand in "a" itself',
    ));
  it("are refused where it is not known what was stretched", () =>
    refused(
      onnxModel({
        inputs: [value("a", f64, ["n"]), value("b", f64, [3])],
        outputs: [value("y", f64), value("by a", f64)],
        nodes: [node("Add", ["a", "b"], ["y"], [], "sum"), gradient(["a"], ["by a"], ["a"], "y")],
        domains: { [domain]: 1 },
      }),
      "operator-unsupported",
      'Gradient "sum": whether n was stretched to 3 must be known when the model is compiled; fix the dims with the option dims',
    ));
});
