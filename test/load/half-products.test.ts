// Products of 16-bit floats: as if they were summed up in float64 and rounded once, on every target, by whichever way they go.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decode, encode, typedView } from "../../src/graph/constants.js";
import { type HalfFloat, isHalfFloat } from "../../src/ir/float-bits.js";
import { load, Tensor } from "../../src/index.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import type { NodeInit, TensorInit } from "../frontends/onnx-model.js";
import { elementType, float, int, ints, node, onnxModel, value } from "../frontends/onnx-model.js";

const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const numbers = (dims: readonly number[], seed: number): number[] =>
  Array.from({ length: count(dims) }, (_, i) => Math.sin(i * 1.7 + seed));

interface Case {
  readonly name: string;
  /** "t": left open, of the given size */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly sizes?: Readonly<Record<string, number>>;
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  readonly node: NodeInit;
}
const same = ints("pads", [1, 1, 1, 1]);
const cases: readonly Case[] = [
  {
    name: "a convolution of few channels, with borders",
    inputs: { x: [2, 3, 7, 9] },
    weights: { w: [5, 3, 3, 3], b: [5] },
    node: node("Conv", ["x", "w", "b"], ["y"], [same]),
  },
  {
    name: "a convolution by Winograd",
    inputs: { x: [1, 32, 14, 14] },
    weights: { w: [32, 32, 3, 3] },
    node: node("Conv", ["x", "w"], ["y"], [same]),
  },
  {
    name: "a depthwise convolution of computed filters",
    inputs: { x: [1, 6, 8, 8], w: [6, 1, 3, 3] },
    node: node("Conv", ["x", "w"], ["y"], [int("group", 6), ints("strides", [2, 2])]),
  },
  {
    name: "a transposed convolution",
    inputs: { x: [1, 4, 5, 6] },
    weights: { w: [4, 3, 4, 4] },
    node: node("ConvTranspose", ["x", "w"], ["y"], [ints("strides", [2, 2])]),
  },
  {
    name: "rows left open by weights",
    inputs: { x: ["t", 33] },
    sizes: { t: 11 },
    weights: { w: [33, 18] },
    node: node("MatMul", ["x", "w"], ["y"]),
  },
  {
    name: "one row by weights, with factors",
    inputs: { x: [1, 20] },
    weights: { w: [9, 20], b: [9] },
    node: node("Gemm", ["x", "w", "b"], ["y"], [int("transB", 1), float("alpha", 0.5), float("beta", 3)]),
  },
  {
    name: "a matrix by itself",
    inputs: { x: [2, 9, 9] },
    node: node("MatMul", ["x", "x"], ["y"]),
  },
  {
    name: "computed matrices",
    inputs: { x: [2, 12, 16], w: [2, 16, 10] },
    node: node("MatMul", ["x", "w"], ["y"]),
  },
];

async function resultOf(c: Case, half: HalfFloat, options: Parameters<typeof load>[1]) {
  const type = elementType[half];
  const initializers = Object.entries(c.weights ?? {}).map(
    ([name, dims], i): TensorInit => ({
      name,
      dataType: type,
      dims: dims.map(BigInt),
      rawData: new Uint8Array(encode(half, numbers(dims, i + 5))),
    }),
  );
  const inputs = Object.entries(c.inputs).map(([name, dims]) => value(name, type, dims));
  const file = onnxModel({ inputs, outputs: [value("y", type)], initializers, nodes: [c.node] });
  const model = await load(file, { threads: 1, ...options });
  try {
    const tensors = Object.entries(c.inputs).map(([name, open], i) => {
      const dims = open.map(d => (typeof d === "number" ? d : c.sizes![d]!));
      return [name, new Tensor(half, typedView(half, encode(half, numbers(dims, i))) as Uint16Array, dims)] as const;
    });
    const { y } = await model.run(Object.fromEntries(tensors));
    assert.ok(isHalfFloat(y!.dtype));
    return {
      dims: y!.dims,
      data: [...decode(half, new Uint8Array((y!.data as Uint16Array).slice().buffer))],
      kernels: model.report().kernels.map(k => k.name),
    };
  } finally {
    model.dispose();
  }
}

for (const target of ["wasm", "native"] as const)
  describe(`products of 16-bit floats on ${target}`, () => {
    for (const half of ["f16", "bf16"] as const)
      for (const c of cases)
        it(`${half}: ${c.name}`, async t => {
          const problem = target === "native" && (await nativeProblem());
          if (problem) return t.skip(problem);
          const plain = await resultOf(c, half, { target: "interpreter" });
          const { dims, data, kernels } = await resultOf(c, half, { target });
          assert.deepEqual(dims, plain.dims);
          // a sum near the middle of two numbers may become either
          const step = half === "f16" ? 2 ** -10 : 2 ** -7;
          const scale = Math.max(...plain.data.map(Math.abs));
          data.forEach((v, i) =>
            assert.ok(
              Math.abs(v - plain.data[i]!) <= step * Math.abs(v) + 1e-5 * scale,
              `[${i}]: ${v} instead of ${plain.data[i]}`,
            ),
          );
          // weights by unknown or few rows stay narrow where reading them is cheap
          const isWide = target === "wasm" || !/row/.test(c.name);
          assert.equal(
            kernels.some(k => k.includes("Cast")),
            isWide,
            kernels.join(", "),
          );
        });
  });
