// Integer products by words of halves or bytes: the same numbers as without the pass, on every target, and no copy between a layer and the next.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load, Tensor } from "../../src/index.js";
import { integerProductsOf } from "../../src/load/targets.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { gpuState } from "../../src/targets/webgpu/target.js";
import type { ModelInit, NodeInit, TensorInit } from "../frontends/onnx-model.js";
import { isInTurn, LATER } from "../rotation.js";
import { elementType, f32Tensor, int, ints, node, onnxModel, value } from "../frontends/onnx-model.js";

const { u8, i8, i32, f32 } = elementType;

const mixed = (i: number, seed: number): number => Math.imul(i + seed, 0x9e3779b1) >>> 8;
const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const uint8 = (dims: readonly number[], seed: number) =>
  Uint8Array.from({ length: count(dims) }, (_, i) => mixed(i, seed));
const int8 = (dims: readonly number[], seed: number) =>
  Int8Array.from({ length: count(dims) }, (_, i) => mixed(i, seed));
function tensor(name: string, dims: readonly number[], data: Uint8Array | Int8Array | Int32Array): TensorInit {
  const dataType = data instanceof Uint8Array ? u8 : data instanceof Int8Array ? i8 : i32;
  return { name, dataType, dims: dims.map(BigInt), rawData: new Uint8Array(data.buffer as ArrayBuffer) };
}
const number = (name: string, x: number, of: "u8" | "i8" = "u8"): TensorInit =>
  tensor(name, [], of === "u8" ? Uint8Array.of(x) : Int8Array.of(x));

interface Case {
  readonly name: string;
  readonly x: readonly number[];
  readonly input?: "u8" | "f32";
  readonly initializers: readonly TensorInit[];
  readonly nodes: readonly NodeInit[];
  /** kernels of integer products that there have to be */
  readonly paired: number;
  /** of them, where the target multiplies bytes: those whose weights fit */
  readonly quads: number;
  /** sums in f32 without the pass: results may differ by so many steps of the last rounding */
  readonly steps?: number;
}
const filters = (name: string, dims: readonly number[], seed: number): TensorInit =>
  tensor(name, dims, int8(dims, seed));
const scaleOf = (name: string, ...of: readonly number[]): TensorInit =>
  f32Tensor(name, of.length === 1 ? [] : [of.length], of);
const five = [0.011, 0.02, 0.007, 0.013, 0.017];
const padded = ints("pads", [1, 1, 1, 1]);

const cases: readonly Case[] = [
  {
    name: "ConvInteger, an odd number of channels, padding",
    x: [2, 3, 7, 9],
    initializers: [
      filters("w", [5, 3, 3, 3], 3),
      number("z", 131),
      tensor("zw", [5], Int8Array.of(-128, 5, 0, 127, -1)),
    ],
    nodes: [node("ConvInteger", ["x", "w", "z", "zw"], ["s"], [padded]), node("Cast", ["s"], ["y"], [int("to", f32)])],
    paired: 1,
    quads: 0,
  },
  {
    name: "ConvInteger with strides and u8 filters",
    x: [1, 8, 9, 6],
    initializers: [tensor("w", [11, 8, 3, 3], uint8([11, 8, 3, 3], 9)), number("z", 0), number("zw", 77)],
    nodes: [
      node("ConvInteger", ["x", "w", "z", "zw"], ["s"], [ints("strides", [2, 1])]),
      node("Cast", ["s"], ["y"], [int("to", f32)]),
    ],
    paired: 1,
    quads: 0,
  },
  {
    name: "QLinearConv after QLinearConv",
    x: [1, 4, 6, 7],
    initializers: [
      ...[filters("w", [6, 4, 3, 3], 3), filters("v", [5, 6, 1, 1], 8)],
      ...[number("z", 120), number("zy", 3), number("zo", 100), number("zw", 0, "i8")],
      ...[scaleOf("sx", 0.02), scaleOf("sw", 0.01), scaleOf("sy", 0.05), scaleOf("five", ...five), scaleOf("so", 0.3)],
      tensor("b", [6], Int32Array.of(1000, -2000, 30, 4, 5, -6000)),
    ],
    nodes: [
      node("QLinearConv", ["x", "sx", "z", "w", "sw", "zw", "sy", "zy", "b"], ["h"], [padded]),
      node("QLinearConv", ["h", "sy", "zy", "v", "five", "zw", "so", "zo"], ["q"]),
      node("DequantizeLinear", ["q", "so", "zo"], ["y"]),
    ],
    paired: 2,
    quads: 2,
  },
  {
    name: "QLinearMatMul with a scale for each column",
    x: [2, 3, 7],
    initializers: [
      ...[filters("w", [7, 5], 3), number("z", 120), number("zo", 9), tensor("zw", [5], Int8Array.of(1, 2, 3, 4, 5))],
      ...[scaleOf("sx", 0.02), scaleOf("five", ...five), scaleOf("so", 0.3)],
    ],
    nodes: [
      node("QLinearMatMul", ["x", "sx", "z", "w", "five", "zw", "so", "zo"], ["q"]),
      node("DequantizeLinear", ["q", "so", "zo"], ["y"]),
    ],
    paired: 1,
    quads: 0,
  },
  {
    name: "DynamicQuantizeLinear and MatMulInteger",
    steps: 1e-5,
    x: [5, 9],
    input: "f32",
    initializers: [filters("w", [9, 70], 3), number("zw", 4, "i8"), scaleOf("sw", 0.02)],
    nodes: [
      node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
      node("MatMulInteger", ["q", "w", "z", "zw"], ["sum"]),
      node("Cast", ["sum"], ["float"], [int("to", f32)]),
      node("Mul", ["s", "sw"], ["scale"]),
      node("Mul", ["float", "scale"], ["y"]),
    ],
    paired: 1,
    quads: 0,
  },
  {
    name: "Conv between DequantizeLinear and QuantizeLinear, twice, with Relu",
    x: [1, 3, 8, 9],
    input: "f32",
    initializers: [
      ...[filters("w", [6, 3, 3, 3], 3), filters("v", [5, 6, 3, 3], 8), scaleOf("sx", 0.02), number("z", 120)],
      ...[f32Tensor("sw", [6], [0.01, 0.02, 0.015, 0.01, 0.02, 0.01]), scaleOf("sy", 0.9), number("zy", 2)],
      ...[f32Tensor("b", [6], [0.5, -1, 2, 0.25, 0, 7]), scaleOf("sv", 0.01), scaleOf("so", 20)],
      number("zo", 128),
    ],
    nodes: [
      node("QuantizeLinear", ["x", "sx", "z"], ["xq"]),
      node("DequantizeLinear", ["xq", "sx", "z"], ["xd"]),
      node("DequantizeLinear", ["w", "sw"], ["wd"], [int("axis", 0)]),
      node("Conv", ["xd", "wd", "b"], ["c"], [padded]),
      node("Relu", ["c"], ["r"]),
      node("QuantizeLinear", ["r", "sy", "zy"], ["rq"]),
      node("DequantizeLinear", ["rq", "sy", "zy"], ["rd"]),
      node("DequantizeLinear", ["v", "sv"], ["vd"]),
      node("Conv", ["rd", "vd"], ["e"], [padded]),
      node("QuantizeLinear", ["e", "so", "zo"], ["eq"]),
      node("DequantizeLinear", ["eq", "so", "zo"], ["y"]),
    ],
    paired: 2,
    quads: 2,
    steps: 20,
  },
  {
    name: "Gemm of a transposed matrix between DequantizeLinear",
    x: [3, 10],
    input: "f32",
    initializers: [
      ...[filters("w", [5, 10], 3), scaleOf("sx", 0.02), number("z", 120), scaleOf("five", ...five)],
      f32Tensor("b", [5], [0.5, -1, 2, 0.25, 0]),
    ],
    nodes: [
      node("QuantizeLinear", ["x", "sx", "z"], ["xq"]),
      node("DequantizeLinear", ["xq", "sx", "z"], ["xd"]),
      node("DequantizeLinear", ["w", "five"], ["wd"], [int("axis", 0)]),
      node("Gemm", ["xd", "wd", "b"], ["y"], [int("transB", 1)]),
    ],
    paired: 1,
    quads: 1,
    steps: 1e-4,
  },
  {
    name: "MatMulInteger of a zero point that a run decides",
    steps: 1e-5,
    x: [5, 9],
    input: "f32",
    initializers: [filters("w", [9, 70], 3), scaleOf("sw", 0.02)],
    nodes: [
      node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
      node("MatMulInteger", ["q", "w", "z"], ["sum"]),
      node("Cast", ["sum"], ["float"], [int("to", f32)]),
      node("Mul", ["s", "sw"], ["scale"]),
      node("Mul", ["float", "scale"], ["y"]),
    ],
    paired: 1,
    quads: 1,
  },
  {
    name: "signed activations, u8 weights around 128, padding",
    x: [1, 8, 6, 7],
    input: "f32",
    initializers: [
      ...[
        tensor("w", [6, 8, 3, 3], uint8([6, 8, 3, 3], 9)),
        number("zw", 128),
        scaleOf("sx", 0.02),
        number("z", -11, "i8"),
      ],
      ...[scaleOf("sw", 0.01), scaleOf("sy", 0.9), number("zy", -128, "i8"), filters("v", [130, 6, 1, 1], 8)],
      ...[scaleOf("sv", 0.01), tensor("zv", [130], new Int8Array(130)), scaleOf("so", 2), number("zo", 5, "i8")],
    ],
    nodes: [
      node("QuantizeLinear", ["x", "sx", "z"], ["xq"]),
      node("QLinearConv", ["xq", "sx", "z", "w", "sw", "zw", "sy", "zy"], ["h"], [padded]),
      node("QLinearConv", ["h", "sy", "zy", "v", "sv", "zv", "so", "zo"], ["q"]),
      node("DequantizeLinear", ["q", "so", "zo"], ["y"]),
    ],
    paired: 2,
    quads: 2,
  },
];

const modelOf = ({ x, input = "u8", initializers, nodes }: Case): Uint8Array => {
  const init: ModelInit = {
    inputs: [value("x", elementType[input], x)],
    outputs: [value("y", f32)],
    initializers: [...initializers],
    nodes: [...nodes],
  };
  return onnxModel(init);
};
function inputOf({ x, input = "u8" }: Case): Tensor {
  const bytes = uint8(x, 1);
  return input === "u8"
    ? new Tensor("u8", bytes, x)
    : new Tensor(
        "f32",
        Float32Array.from(bytes, b => (b - 128) / 50),
        x,
      );
}

async function resultOf(
  c: Case,
  options: Parameters<typeof load>[1],
): Promise<{ y: Float32Array; kernels: readonly string[] }> {
  const model = await load(modelOf(c), { threads: 1, engineFlags: "never", ...options });
  try {
    const { y } = await model.run({ x: inputOf(c) });
    return { y: y!.data as Float32Array, kernels: model.report().kernels.map(k => k.name) };
  } finally {
    model.dispose();
  }
}

const targets = ["interpreter", "wasm", "native", "webgpu"] as const;
const problemOf = async (target: (typeof targets)[number]): Promise<string | undefined> =>
  target === "native" ? nativeProblem() : target === "webgpu" ? (await gpuState()).problem : undefined;

/** of what compiles slowly, one case in so many by default */
const EVERY = { interpreter: 1, wasm: 1, native: 8, webgpu: 4 } as const;
for (const target of targets)
  describe(`integer products by words on ${target}`, () => {
    for (const [at, c] of cases.entries())
      it(c.name, async t => {
        const problem = (await problemOf(target)) ?? (isInTurn(at, EVERY[target]) ? undefined : LATER);
        if (problem) return t.skip(problem);
        const plain = await resultOf(c, {
          target: "interpreter",
          passes: list => list.filter(p => p.name !== "pair-integers"),
        });
        const { y, kernels } = await resultOf(c, { target });
        const count = (words: string) => kernels.filter(k => new RegExp(`${words}(Conv|MatMul)`).test(k)).length;
        const quads = (await integerProductsOf({ target })) === "pairs" ? 0 : c.quads;
        assert.deepEqual([count("Paired"), count("Quad")], [c.paired - quads, quads], kernels.join(", "));
        assert.equal(y.length, plain.y.length);
        y.forEach((v, i) =>
          assert.ok(Math.abs(v - plain.y[i]!) <= (c.steps ?? 0), `[${i}]: ${v} instead of ${plain.y[i]}`),
        );
      });
  });
