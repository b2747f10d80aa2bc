// What `npm run bench -- layers` measures by kernels: a network of convolutions, matrix products of all sizes, and kernels that only move memory.
import { existsSync, readFileSync } from "node:fs";
import { elementType, ints, node, onnxModel, value } from "../test/frontends/onnx-model.js";
import { models } from "../test/models/inventory.js";
import { withRandomWeights } from "./random-weights.js";
import type { LayerWork } from "./layers.js";

const { f32 } = elementType;
const weights = (name: string, dims: readonly number[]) => ({
  name,
  dataType: f32,
  dims: dims.map(BigInt),
  rawData: new Uint8Array(Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)).buffer),
});

/** y = x · w */
function matMul(n: number): LayerWork {
  return {
    name: `MatMul ${n}x${n}x${n}`,
    source: () =>
      onnxModel({
        inputs: [value("x", f32, [n, n])],
        outputs: [value("y", f32)],
        initializers: [weights("w", [n, n])],
        nodes: [node("MatMul", ["x", "w"], ["y"])],
      }),
    inputs: { x: { dims: [n, n] } },
  };
}
/** 64 MiB in, 64 MiB out: no cache holds them */
const ROWS = 16_384;
const rows = (
  name: string,
  width: number,
  nodes: Parameters<typeof onnxModel>[0]["nodes"],
  initializers = {},
): LayerWork => ({
  name: `${name} ${ROWS}x${width}`,
  source: () =>
    onnxModel({
      inputs: [value("x", f32, [ROWS, width])],
      outputs: [value("y", f32)],
      nodes: nodes!,
      ...initializers,
    }),
  inputs: { x: { dims: [ROWS, width] } },
});
const addRelu: LayerWork = {
  name: `Add + Relu ${ROWS}x1024`,
  source: () =>
    onnxModel({
      inputs: ["a", "b"].map(name => value(name, f32, [ROWS, 1024])),
      outputs: [value("y", f32)],
      nodes: [node("Add", ["a", "b"], ["s"]), node("Relu", ["s"], ["y"])],
    }),
  inputs: { a: { dims: [ROWS, 1024] }, b: { dims: [ROWS, 1024] } },
};
/** channels lie last inside; the transposes at both ends are kernels of their own */
const depthwise: LayerWork = {
  name: "depthwise 3x3 512x512x64",
  source: () =>
    onnxModel({
      inputs: [value("x", f32, [1, 512, 512, 64])],
      outputs: [value("y", f32)],
      initializers: [weights("w", [64, 1, 3, 3])],
      nodes: [
        node("Transpose", ["x"], ["t"], [ints("perm", [0, 3, 1, 2])]),
        node("Conv", ["t", "w"], ["c"], [ints("pads", [1, 1, 1, 1]), { name: "group", type: 2, i: 64n }]),
        node("Transpose", ["c"], ["y"], [ints("perm", [0, 2, 3, 1])]),
      ],
    }),
  inputs: { x: { dims: [1, 512, 512, 64] } },
};

function convolutions(): readonly LayerWork[] {
  const model = models.find(m => m.name === "ResNet-50");
  if (!model?.path || !existsSync(model.path)) return [];
  const path = model.path;
  return [{ name: model.name, source: () => withRandomWeights(readFileSync(path)), inputs: model.inputs }];
}

export const layerWorks: readonly LayerWork[] = [
  ...convolutions(),
  ...[64, 256, 512, 1024, 2048].map(matMul),
  rows("Softmax", 1000, [node("Softmax", ["x"], ["y"])]),
  rows("LayerNormalization", 768, [node("LayerNormalization", ["x", "g", "b"], ["y"])], {
    initializers: [weights("g", [768]), weights("b", [768])],
  }),
  addRelu,
  depthwise,
];
