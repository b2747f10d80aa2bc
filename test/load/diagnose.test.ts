// diagnose(): what is told of a model before it runs, held against what its run reports; nothing that is wrong hides something else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import type { Operator } from "../../src/index.js";
import { AzulejoError, diagnose, doctor, load } from "../../src/index.js";
import { risksOf } from "../../src/load/diagnose/risks.js";
import {
  elementType,
  f32Tensor,
  float,
  graphAttribute,
  i64Tensor,
  int,
  node,
  onnxModel,
  value,
} from "../frontends/onnx-model.js";
import { floatToBits } from "../../src/ir/float-bits.js";

const { f16, f32, i64 } = elementType;
const network = onnxModel({
  name: "network",
  inputs: [value("x", f32, ["batch", "steps", 64])],
  outputs: [value("y", f32)],
  initializers: [f32Tensor("W", [64, 32], Array(64 * 32).fill(0.5)), f32Tensor("b", [32], Array(32).fill(2))],
  nodes: [
    node("MatMul", ["x", "W"], ["xW"], [], "multiply"),
    node("Add", ["xW", "b"], ["s"], [], "shift"),
    node("Softmax", ["s"], ["y"], [int("axis", -1)], "weigh"),
  ],
});

test("operators by version and dtypes, parameters, dims, and costs that the run confirms", async () => {
  const found = await diagnose(network, { dims: { steps: 10 } });
  assert.deepEqual(
    found.operators.map(({ operator, opset, dtypes, support, nodes }) => [operator, opset, dtypes, support, nodes]),
    [
      ["MatMul", 17, ["f32"], "tile", ["multiply"]],
      ["Add", 17, ["f32"], "tile", ["shift"]],
      ["Softmax", 17, ["f32"], "tile", ["weigh"]],
    ],
  );
  assert.deepEqual([found.runs, found.problems, found.missing, found.risks], [true, [], [], []]);
  assert.deepEqual(found.parameters, { count: 64 * 32 + 32, bytes: 4 * (64 * 32 + 32) });
  assert.deepEqual(found.dims, { given: { steps: 10 }, assumed: { batch: 1 }, open: [] });
  // product and bias; maximum, difference, exponential, sum and quotient (or its reciprocal once a row) of each element
  const [contraction, softmax] = [10 * 32 * 64 * 2 + 10 * 32, 10 * 32 * 5];
  const { flops, weightBytes, arenaBytes, peakBytes, kernels } = found.costs!;
  assert(flops >= contraction + softmax && flops <= contraction + softmax + 10 * 33, String(flops));
  assert.deepEqual([weightBytes, peakBytes], [found.parameters.bytes, weightBytes + arenaBytes]);
  const model = await load(network, { cache: false, threads: 1 });
  await model.run({ x: { dtype: "f32", dims: [1, 10, 64], data: new Float32Array(640) } });
  const report = model.report();
  model.dispose();
  assert.equal(kernels, report.kernels.length);
  // the machine leaves slack of 256 bytes behind each buffer
  assert(
    arenaBytes <= report.arenaBytes && report.arenaBytes <= arenaBytes + 1024,
    `${arenaBytes} ${report.arenaBytes}`,
  );
});

test("open sizes are told, and what to give", async () => {
  const { dims, costs, costsProblem, runs } = await diagnose(network);
  assert.deepEqual(dims, { given: {}, assumed: { batch: 1 }, open: ["steps"] });
  assert.deepEqual([costs, costsProblem, runs], [undefined, "sizes are open; give steps=SIZE in dims", true]);
});

test("an operator that can't be compiled stands in the way, also where sizes are open", async () => {
  const stub: Operator = {
    name: "Softmax",
    inputs: ["X"],
    outputs: ["Y"],
    attributes: { axis: { type: "int", default: -1 } },
    shape: ({ dims }) => ({ Y: dims.X! }),
    at: () => {
      throw new AzulejoError("operator-unsupported", "a stub; write what it computes");
    },
  };
  const sizes: readonly Record<string, number>[] = [{}, { steps: 3 }];
  for (const dims of sizes) {
    const { runs, problems } = await diagnose(network, { operators: [stub], dims });
    assert.deepEqual(
      [runs, problems],
      [false, [{ code: "operator-unsupported", message: "a stub; write what it computes" }]],
    );
  }
});

test("all that is wrong is told at once: unknown operators, a wrong attribute, dims that don't fit", async () => {
  const bytes = onnxModel({
    domains: { "com.example": 1 },
    inputs: [value("x", f32, [2, 3])],
    outputs: [value("y", f32)],
    initializers: [f32Tensor("W", [4, 4], Array(16).fill(1))],
    nodes: [
      { ...node("Swoosh", ["x"], ["a"], [float("slope", 1.5)], "first"), domain: "com.example" },
      { ...node("Swoosh", ["x", "a"], ["b", "c"], [], "second"), domain: "com.example" },
      node("Whirl", ["b"], ["d"], [], "third"),
      node("MatMul", ["x", "W"], ["e"], [], "fourth"),
      node("Relu", ["x"], ["f"], [float("slope", 2)], "fifth"),
      node("Sum", ["d", "e", "f"], ["y"], [], "last"),
    ],
  });
  const { problems, missing, operators, runs, costs, costsProblem } = await diagnose(bytes);
  assert.deepEqual(
    problems.map(({ node, code }) => [node, code]),
    [
      ["first", "operator-unknown"],
      ["second", "operator-unknown"],
      ["third", "operator-unknown"],
      ["fourth", "shape"],
      ["fifth", "operator-attribute"],
    ],
  );
  assert.deepEqual(missing, [
    {
      domain: "com.example",
      name: "Swoosh",
      inputs: 2,
      requiredInputs: 1,
      outputs: 2,
      attributes: { slope: "float" },
      nodes: ["first", "second"],
    },
    { domain: "ai.onnx", name: "Whirl", inputs: 1, requiredInputs: 1, outputs: 1, attributes: {}, nodes: ["third"] },
  ]);
  assert.deepEqual(
    operators.map(({ operator, support }) => [operator, support]),
    [
      ["Swoosh", "missing"],
      ["Swoosh", "missing"],
      ["Whirl", "missing"],
      ["MatMul", "unsupported"],
      ["Relu", "unsupported"],
      ["Sum", "tile"],
    ],
  );
  assert.deepEqual([runs, costs, costsProblem], [false, undefined, "it can't be compiled as it is"]);
});

test("behind an operator that is missing, types are those that the file declares", async () => {
  const bytes = onnxModel({
    domains: { "com.example": 1 },
    inputs: [value("x", f16, ["n", 3])],
    outputs: [value("y", f32), value("z", f32)],
    declared: [value("a", f16, ["n", 2048]), value("b", f32, ["unheard", 4])],
    nodes: [
      { ...node("Swoosh", ["x"], ["a", "b"], [], "first"), domain: "com.example" },
      node("ReduceSum", ["a"], ["y"], [int("keepdims", 0)], "add"),
      node("Relu", ["b"], ["z"], [], "cut"),
    ],
  });
  const { operators, outputs, risks } = await diagnose(bytes, { dims: { n: 2 } });
  assert.deepEqual(
    operators.map(({ operator, dtypes }) => [operator, ...dtypes]),
    [
      ["Swoosh", "f16"],
      ["ReduceSum", "f16"],
      // nothing else has its dim
      ["Relu", "?"],
    ],
  );
  assert.deepEqual(outputs[0], { name: "y", dtype: "f16", dims: [] });
  assert.deepEqual(
    risks.map(r => `${r.where} ${r.message}`),
    ['ReduceSum "add" adds up 4096 elements in f32 and stores f16: ∞ where their mean is above 16.0'],
  );
});

test("what is decomposed, the host's, and control flow; parts whose size a run tells are left out of the costs", async () => {
  const branch = (name: string, op: string) =>
    graphAttribute(name, {
      name,
      outputs: [value(`${name} out`, f32)],
      nodes: [node(op, ["x"], [`${name} out`], [], `${name} ${op}`)],
    });
  const bytes = onnxModel({
    inputs: [value("x", f32, [8]), value("c", elementType.bool, [])],
    outputs: [value("y", f32), value("n", f32), value("z", f32)],
    nodes: [
      node("If", ["c"], ["y"], [branch("then_branch", "Exp"), branch("else_branch", "Neg")], "choose"),
      node("NonZero", ["x"], ["i"], [], "find"),
      node("Gather", ["x", "i"], ["n"], [], "pick"),
      node("SoftmaxCrossEntropyLoss", ["l", "t"], ["z"], [], "lose"),
    ],
    initializers: [f32Tensor("l", [2, 3], Array(6).fill(0.5)), i64Tensor("t", [2], [0, 2])],
  });
  const { operators, costs, runs, problems } = await diagnose(bytes);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    operators.map(({ operator, support }) => [operator, support]),
    [
      ["If", "program"],
      ["Exp", "tile"],
      ["Neg", "tile"],
      ["NonZero", "host"],
      ["Gather", "tile"],
      ["SoftmaxCrossEntropyLoss", "decomposed"],
    ],
  );
  assert.equal(runs, true);
  assert.equal(costs!.notes.length, 1);
  assert.match(costs!.notes[0]!, /is not counted: only a run tells the size of "find\/Prefix_3", find\/Prefix_3_0$/);
});

for (const host of [false, true])
  test(`bodies of loops count as often as they may run${host ? ", with host steps" : ""}`, async () => {
    const tensor = (name: string) => value(name, f32, [8, 8]);
    const body = graphAttribute("body", {
      name: "round",
      inputs: [value("i", i64, []), value("c", elementType.bool, []), tensor("s")],
      outputs: [value("c2", elementType.bool, []), tensor("s2")],
      nodes: [
        node("MatMul", ["s", "s"], ["m"], [], "multiply"),
        node("Tanh", ["m"], ["s2"], [], "bound"),
        ...(host
          ? [
              node("SequenceConstruct", ["c"], ["list"], [], "hold"),
              node("SequenceAt", ["list", "first"], ["c2"], [], "take"),
            ]
          : [node("Identity", ["c"], ["c2"], [], "go on")]),
      ],
    });
    const bytes = (trip: string) =>
      onnxModel({
        inputs: [tensor("x"), ...(trip === "n" ? [value("n", i64, [])] : [])],
        outputs: [tensor("y")],
        initializers: [
          i64Tensor("seven", [], [7]),
          i64Tensor("first", [], [0]),
          { name: "yes", dataType: elementType.bool, dims: [], rawData: Uint8Array.of(1) },
        ],
        nodes: [node("Loop", [trip, "yes", "x"], ["y"], [body], "repeat")],
      });
    const once = 2 * 8 ** 3 + 8 ** 2;
    const known = (await diagnose(bytes("seven"))).costs!;
    assert.deepEqual([known.flops, known.notes], [7 * once, []]);
    const open = (await diagnose(bytes("n"))).costs!;
    const note = 'the body of Loop "repeat" is counted once: only a run tells how often it runs';
    assert.deepEqual([open.flops, open.notes], [once, [note]]);
  });

const half = (...data: number[]) => new Uint8Array(Uint16Array.from(data, x => floatToBits("f16", x)).buffer);

test("numbers that may not fit: constants, casts, and operators in f16", async () => {
  const bytes = onnxModel({
    inputs: [value("x", f16, [4, 512]), value("k", i64, [3])],
    outputs: ["a", "b", "c", "d", "e", "f", "g"].map(name => value(name, f16)),
    initializers: [
      { name: "mask", dataType: f16, dims: [3n], rawData: half(-Infinity, 1, NaN) },
      i64Tensor("far", [2], [2n ** 60n + 1n, 2n ** 63n - 1n]),
      f32Tensor("large", [2], [1e5, -3]),
      { name: "two", dataType: f16, dims: [], rawData: half(2) },
    ],
    nodes: [
      node("Exp", ["x"], ["a"], [], "exponential"),
      node("Pow", ["x", "two"], ["b"], [], "square"),
      node("ReduceSumSquare", ["x"], ["c"], [int("keepdims", 0)], "energy"),
      node("Cast", ["large"], ["d"], [int("to", f16)], "narrow"),
      node("Cast", ["far"], ["e"], [int("to", elementType.i32)], "short"),
      node("Cast", ["k"], ["f"], [int("to", f16)], "count"),
      node("Identity", ["mask"], ["g"], [], "keep"),
    ],
  });
  const { risks } = await diagnose(bytes);
  assert.deepEqual(risks.map(({ kind, where, message }) => `${kind}: ${where} ${message}`).sort(), [
    'overflow: Cast "narrow" 1 of 2 elements of the constant "large" do not fit into f16',
    'overflow: Exp "exponential" is ∞ in f16 for inputs above 11.09, where its result is stored',
    'overflow: Pow "square" is ∞ in f16 for inputs above 255.9, where its result is stored',
    'overflow: ReduceSumSquare "energy" adds up 2048 elements in f32 and stores f16: ∞ where their root mean square is above 5.66',
    'overflow: constant "mask" 1 of its 3 elements are NaN',
    'overflow: constant "mask" 1 of its 3 elements are infinite: a mask, or numbers beyond f16\'s range that were converted',
    'rounding: Cast "count" i64 becomes f16, which has no odd numbers above 2048',
    'rounding: constant "far" 1 of its i64 are beyond 2^53: kernels compute with them exactly, shapes and axes can\'t be made of them',
    'wrapping: Cast "short" 2 of 2 elements of the constant "far" do not fit into i32',
  ]);
});

test("beyond a sum of bytes constants are not read, the largest first, and that is told", async () => {
  const [small, large] = [f32Tensor("small", [2], [NaN, 1]), f32Tensor("large", [3], [NaN, NaN, 1])];
  const bytes = onnxModel({
    outputs: [value("a", f32), value("b", f32)],
    initializers: [large, small],
    nodes: [node("Neg", ["large"], ["a"]), node("Neg", ["small"], ["b"])],
  });
  const { risks, unread } = await risksOf(await readOnnx(bytes), 12);
  assert.deepEqual(unread, { count: 1, bytes: 12 });
  assert.deepEqual(
    risks.map(r => `${r.where} ${r.message}`),
    ['constant "small" 1 of its 2 elements are NaN'],
  );
});

test("wrong options and files that are no models are refused", async () => {
  await assert.rejects(diagnose(network, { dims: { height: 2 } }), { code: "option" });
  await assert.rejects(diagnose(Uint8Array.of(1, 2, 3)), { code: "model-format" });
});

test("the doctor says what load() gets of this engine: every Node has fused multiply-add, Node 20 by a flag", async () => {
  const { facts } = (await doctor()).targets.find(target => target.name === "wasm")!;
  const byFlag = process.versions.node.startsWith("20.") ? " by an engine flag" : "";
  assert.equal(facts[1], `fused multiply-add${byFlag}`);
});
