// What the tables of layers say of work that is known: operations, bytes, equal kernels in one row. Times are never judged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { arithmeticRows, distinctLayers, memoryRows } from "../../bench/layer-tables.js";
import { type LayerReport, measureLayers } from "../../bench/layers.js";
import { roofline } from "../../bench/roofline.js";
import { elementType, node, onnxModel, value } from "../frontends/onnx-model.js";

test("a product's operations and bytes come from its dims", async () => {
  const work = {
    name: "product",
    source: () =>
      onnxModel({
        inputs: [value("a", elementType.f32, [6, 20]), value("b", elementType.f32, [20, 7])],
        outputs: [value("y", elementType.f32)],
        nodes: [node("MatMul", ["a", "b"], ["p"]), node("Exp", ["p"], ["y"])],
      }),
    inputs: { a: { dims: [6, 20] }, b: { dims: [20, 7] } },
  };
  const report = (await measureLayers(work, "wasm"))!;
  assert.deepEqual(
    report.layers.map(({ dims, flop, bytes }) => ({ dims, flop, bytes })),
    [{ dims: [6, 7], flop: 2 * 6 * 7 * 20, bytes: 4 * (6 * 20 + 20 * 7 + 6 * 7) }],
  );
  assert.ok(report.peak > 0 && report.copy > 0 && report.layers[0]!.microseconds > 0);
});

const layer = (kernel: string, microseconds: number, flop: number, bytes: number) => ({
  kernel,
  nodes: ["n"],
  dims: [2, 3],
  flop,
  bytes,
  microseconds,
});
const report = (target: LayerReport["target"], layers: LayerReport["layers"]): LayerReport => ({
  model: "m",
  target,
  peak: 100,
  copy: 40,
  layers,
});

test("equal kernels share a row with the mean of their times; targets stand side by side", () => {
  const layers = [layer("A", 10, 1e6, 1000), layer("A", 30, 1e6, 1000), layer("B", 5, 1e6, 2000)];
  assert.deepEqual(
    distinctLayers(layers).map(({ count, figure }) => [figure.kernel, count, figure.microseconds]),
    [
      ["A", 2, 20],
      ["B", 1, 5],
    ],
  );
  const halved = layers.map(l => ({ ...l, microseconds: l.microseconds / 2 }));
  assert.deepEqual(arithmeticRows([report("wasm", layers), report("native", halved)]), [
    ["m: A, n", "2×3", "2", "1.0", "20", "50 %", "10", "100 %"],
    ["m: B, n", "2×3", "1", "1.0", "5", "200 %", "3", "400 %"],
  ]);
});

test("what only moves memory is held against a copy, and only beyond the caches", () => {
  const bytes = 2 ** 27;
  assert.deepEqual(memoryRows([report("wasm", [layer("S", bytes / 20e3, 0, bytes)])]), [
    ["m", "128", "20.0", "50 %", "–", "–"],
  ]);
  assert.deepEqual(memoryRows([report("wasm", [layer("S", 1, 0, 1000)])]), []);
});

test("the roofline has a point for each kernel that computes, with its figures", () => {
  const svg = roofline([report("native", [layer("A", 20, 1e6, 1e5), layer("copies", 1, 0, 10)])], "m, one thread");
  assert.equal(svg.match(/<circle /g)!.length, 1);
  assert.match(svg, /<title>A 2×3: 50.0 GFLOP\/s, 1 times<\/title>/);
  assert.match(svg, /native: 100 GFLOP\/s, 40 GB\/s/);
});
