// Traces of models and kernels, and their page: what is in it, that names can do no harm, and that it asks for nothing from elsewhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as tile from "../../src/author/index.js";
import { explainHtml } from "../../src/index.js";
import { traceModel } from "../../src/load/trace-model.js";
import { kernelsOf } from "../../src/trace/trace.js";
import { elementType, f32Tensor, int, node, onnxModel, value } from "../frontends/onnx-model.js";

const { f32 } = elementType;
/** y = relu(x · W + b), two kernels of one structure, and an Identity that passes remove */
const model = (name = "shift") =>
  onnxModel({
    name: "small",
    inputs: [value("x", f32, ["batch", 4]), value("v", f32, ["batch", 8])],
    outputs: [value("y", f32), value("t", f32), value("z", f32)],
    initializers: [f32Tensor("W", [4, 8], Array(32).fill(1)), f32Tensor("b", [8], Array(8).fill(2))],
    nodes: [
      node("Identity", ["x"], ["x2"], [], "nothing"),
      node("MatMul", ["x2", "W"], ["xW"], [], "multiply"),
      node("Add", ["xW", "b"], ["s"], [], name),
      node("Relu", ["s"], ["y"], [], "cut"),
      node("Softmax", ["v"], ["t"], [int("axis", 1)], "soft"),
      node("Softmax", ["y"], ["z"], [int("axis", 1)], "softer"),
    ],
  });

test("a trace holds passes with their graphs, kernels with fusion and code, and the memory plan", async () => {
  const trace = await traceModel(model(), { dims: { batch: 2 } });
  assert.deepEqual(
    [trace.inputs, trace.outputs],
    [
      ["x: f32[2, 4]", "v: f32[2, 8]"],
      ["y: f32[2, 8]", "t: f32[2, 8]", "z: f32[2, 8]"],
    ],
  );
  assert.match(trace.graph!.read, /= Identity@17\(x\) nothing/);
  const simplify = trace.graph!.passes.find(p => p.name === "simplify")!;
  assert.doesNotMatch(simplify.text!, /Identity/);
  assert.equal(trace.graph!.passes.find(p => p.name === "fold-shuffle")!.text, undefined);
  const [part] = trace.parts;
  const kernels = [...kernelsOf(part!.steps)];
  const product = kernels.find(k => k.nodes.includes("multiply"))!;
  assert.deepEqual(product.nodes, ["multiply", "shift", "cut"]);
  assert.equal(product.flops, 2 * 2 * 4 * 8 + 2 * 2 * 8);
  assert.equal(product.bytes, 4 * (2 * 4 + 4 * 8 + 8 + 2 * 8));
  assert.deepEqual(
    product.decisions.map(({ value, inlined, bytes }) => ({ value, inlined, bytes })),
    [
      { value: "s", inlined: true, bytes: 64 },
      { value: "xW", inlined: true, bytes: 64 },
    ],
  );
  assert.match(product.code, /f32x4\.(relaxed_madd|mul)/);
  assert.match(product.loops!, /^func /);
  const [first, second] = kernels.filter(k => k.name.startsWith("Softmax"));
  assert.equal(second!.sameAs, first!.number);
  const memory = part!.memory!;
  assert.ok(memory.bytes >= memory.lowerBoundBytes && memory.lowerBoundBytes > 0);
  for (const b of memory.buffers) assert.ok(b.offset + b.bytes <= memory.bytes && b.first <= b.last, b.name);
  for (const a of memory.buffers)
    for (const b of memory.buffers)
      assert.ok(
        a === b ||
          a.last < b.first ||
          b.last < a.first ||
          a.offset + a.bytes <= b.offset ||
          b.offset + b.bytes <= a.offset,
        `${a.name} and ${b.name} lie in each other`,
      );
});
test("with open dims amounts are formulas, and the page says what a memory plan needs", async () => {
  const trace = await traceModel(model());
  const [kernel] = kernelsOf(trace.parts[0]!.steps);
  assert.match(String(kernel!.bytes), /batch/);
  assert.equal(trace.parts[0]!.memory, undefined);
  assert.match(await explainHtml(model()), /There is a memory plan once all dims are fixed: batch\./);
});
test("C and WGSL are shown for the targets that make them", async () => {
  const shaders = await traceModel(model(), { target: "webgpu", dims: { batch: 2 } });
  const [kernel] = kernelsOf(shaders.parts[0]!.steps);
  assert.deepEqual([shaders.target, kernel!.codeLanguage, kernel!.loops], ["webgpu", "WGSL", undefined]);
  assert.match(kernel!.code, /@compute/);
});
test("a model with host steps shows the segments between them; branches and loops show what is inside", async () => {
  const bytes = onnxModel({
    name: "picks",
    inputs: [value("x", f32, ["n"])],
    outputs: [value("y", f32)],
    nodes: [
      node("Neg", ["x"], ["m"], [], "turn"),
      node("NonZero", ["m"], ["i"], [], "find"),
      node("Gather", ["m", "i"], ["y"], [], "pick"),
    ],
  });
  const { parts } = await traceModel(bytes, { dims: { n: 5 } });
  assert.deepEqual(
    parts.map(p => p.name),
    ["picks (0)", "picks (2)"],
  );
  const numbers = parts.flatMap(p => [...kernelsOf(p.steps)].map(k => k.number));
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 1),
  );
});
test("names of a model are text: nothing of it becomes markup", async () => {
  const page = await explainHtml(model('<img src=x onerror="alert(1)">'), { dims: { batch: 1 } });
  assert.doesNotMatch(page, /<img/);
  assert.match(page, /&lt;img src=x onerror=/);
});
test("the page is one file: nothing in it is fetched", async () => {
  const page = await explainHtml(model());
  assert.doesNotMatch(page, /\b(src|href)="(?!#)/);
  assert.doesNotMatch(page, /@import|url\(/);
  assert.match(page, /content="default-src &#39;none&#39;;/);
});
test("a kernel's page shows the lines of its author beside tile IR", async () => {
  const scaled = tile.kernel(
    { X: tile.f32("N"), Y: tile.f32("N") },
    ({ X, Y, N }) =>
      tile.grid(N.tile(), n => {
        const twice = X.at(n).mul(2).named("twice");
        Y.at(n).set(twice.exp());
      }),
    { name: "scaled" },
  );
  const explanation = await scaled.explain({ dims: { N: 100 } });
  const page = await explanation.html();
  assert.match(
    page,
    /<td class="code" data-lang="ir"> {2}twice = mul\(X\[n\], 2\)<\/td><td class="place" title="[^"]*page\.test\.(js|ts):\d+">/,
  );
  assert.match(page, /twice = X\.at\(n\)\.mul\(2\)\.named\(&quot;twice&quot;\)/);
  assert.match(page, /WebAssembly/);
  assert.match(page, /2 buffers in all share \d+ B/);
  const pinned = await (await scaled.with({ stage: { Y: { lane: "n", vectors: 1 } } }).explain()).html();
  assert.match(pinned, /lane n × 1/);
});
test("a model that waits for the dims of a run shows its graph, and why there is no more", async () => {
  const waits = onnxModel({
    inputs: [value("x", f32, ["n"]), value("shape", elementType.i64, ["rank"])],
    outputs: [value("y", f32)],
    nodes: [node("Reshape", ["x", "shape"], ["y"], [], "form")],
  });
  const page = await explainHtml(waits);
  assert.match(page, /It is compiled for the dims of a run, because .*form/);
  assert.doesNotMatch(page, /id="memory"|id="kernel-1"/);
});
