// Passes: what each does (as text), and the laws that hold for all: the result is a valid graph, running the pass again changes
// nothing, and the graph computes what it computed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { decode, encode, numbersOf } from "../../src/graph/constants.js";
import type { Graph } from "../../src/graph/graph.js";
import { infer } from "../../src/graph/infer.js";
import type { Pass } from "../../src/graph/pass.js";
import { runPasses } from "../../src/graph/pass.js";
import type { Evaluate } from "../../src/graph/passes/index.js";
import {
  defaultPasses,
  foldConstants,
  removeDeadCode,
  resolveIf,
  shareCommon,
  simplify,
  sinkConcat,
} from "../../src/graph/passes/index.js";
import {
  foldNormalization,
  foldPadding,
  foldShuffle,
  splitGroups,
  splitIntegerGroups,
  winograd,
} from "../../src/graph/passes/of-convolutions.js";
import { foldGroups } from "../../src/graph/passes/fold-groups.js";
import { recurrentProducts } from "../../src/graph/passes/recurrent-products.js";
import { widenProducts } from "../../src/graph/passes/widen-products.js";
import { foldQuantization, foldRescale, moveQuantized, pairIntegers } from "../../src/graph/passes/of-quantized.js";
import { roundTo } from "../../src/ir/float-bits.js";
import { printGraph } from "../../src/graph/print.js";
import { verifyGraph } from "../../src/graph/verify.js";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import type { ModelInit, TensorInit } from "../frontends/onnx-model.js";
import {
  elementType,
  f32Tensor,
  float,
  graphAttribute,
  i64Tensor,
  int,
  ints,
  node,
  onnxModel,
  tensorAttribute,
  text,
  value,
} from "../frontends/onnx-model.js";
import { fullRegistry } from "../ops/full-registry.js";
import { operatorModules } from "../ops/modules.js";
import { evaluate, pseudoRandom } from "./evaluate.js";

const { bf16, f16, f32, i64, bool, f64, i32 } = elementType;
const registry = fullRegistry();

const random = (dims: readonly number[], seed = 7): ReferenceTensor => ({
  dtype: "f32",
  dims,
  data: pseudoRandom(
    dims.reduce((a, b) => a * b, 1),
    seed,
  ).map(Math.fround),
});
const bytes = (name: string, dataType: number, dims: readonly number[], data: ArrayBufferView): TensorInit => ({
  name,
  dataType,
  dims: dims.map(BigInt),
  rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
});
/** numbers of f16 */
const half = (dims: readonly number[], seed: number): ReferenceTensor => ({
  dtype: "f16",
  dims,
  data: (random(dims, seed).data as number[]).map(x => roundTo("f16", x)),
});
const halves = (name: string, dims: readonly number[], seed: number): TensorInit =>
  bytes(name, f16, dims, encode("f16", half(dims, seed).data as number[]));
const weights = (name: string, dims: readonly number[], seed: number) =>
  f32Tensor(name, dims, random(dims, seed).data as number[]);
/** two groups of four channels, dealt out in turn */
const shuffleDims = [
  i64Tensor("groups", [5], [1, 2, 4, 3, 3]),
  i64Tensor("image3", [4], [1, 8, 3, 3]),
  i64Tensor("groups4", [5], [1, 2, 4, 4, 3]),
  i64Tensor("image4", [4], [1, 8, 4, 3]),
];
const shuffle = (from: string, to: string, dims = "image3") => [
  node("Reshape", [from, dims === "image3" ? "groups" : "groups4"], [`${to}/split`]),
  node("Transpose", [`${to}/split`], [`${to}/swapped`], [ints("perm", [0, 2, 1, 3, 4])]),
  node("Reshape", [`${to}/swapped`, dims], [to]),
];
const positive = (name: string, dims: readonly number[], seed: number) =>
  f32Tensor(
    name,
    dims,
    (random(dims, seed).data as number[]).map(x => Math.abs(x) + 0.5),
  );

interface PassCase {
  readonly title: string;
  readonly pass: Pass;
  readonly model: ModelInit;
  readonly inputs: Readonly<Record<string, ReferenceTensor>>;
  /** the nodes afterwards, without constants and types */
  readonly want: readonly string[];
}

/** `y = Conv(x, w, b)` */
const outline = (graph: Graph): string[] =>
  graph.nodes.map(
    n => `${n.outputs.map(o => o?.name ?? "_").join(", ")} = ${n.op}(${n.inputs.map(v => v?.name ?? "_").join(", ")})`,
  );

const x4: Readonly<Record<string, ReferenceTensor>> = { x: random([2, 3, 5, 5]) };
const image = value("x", f32, ["n", 3, "h", "w"]);
const y = value("y", f32);

const normalized = (extra: ModelInit["nodes"], last: string): ModelInit => ({
  inputs: [image],
  outputs: [value(last, f32)],
  initializers: [
    weights("w", [4, 3, 3, 3], 1),
    weights("b", [4], 2),
    weights("scale", [4], 3),
    weights("bias", [4], 4),
    weights("mean", [4], 5),
    positive("variance", [4], 6),
    weights("channel", [4, 1, 1], 8),
    f32Tensor("two", [], [2]),
    weights("row", [5], 9),
  ],
  nodes: extra ?? [],
});

const cases: readonly PassCase[] = [
  {
    title: "fold-constants: shape arithmetic on fixed dims vanishes",
    pass: foldConstants(registry),
    model: {
      inputs: [value("x", f32, [2, 3, 4])],
      outputs: [y],
      initializers: [i64Tensor("zero", [1], [0]), i64Tensor("rest", [1], [-1])],
      nodes: [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Concat", ["n", "rest"], ["t"], [int("axis", 0)]),
        node("Reshape", ["x", "t"], ["y"]),
      ],
    },
    inputs: { x: random([2, 3, 4]) },
    want: ["y = Reshape(x, t)"],
  },
  {
    title: "fold-constants: fills, reshapes, slices, transposes and concatenations of weights",
    pass: foldConstants(registry),
    model: {
      inputs: [value("x", f32, ["n", 6])],
      outputs: [y],
      initializers: [
        i64Tensor("dims", [2], [4, 2]),
        weights("w", [2, 4], 1),
        i64Tensor("from", [2], [1, -1]),
        i64Tensor("to", [2], [4, -(2n ** 63n) + 1n]),
        i64Tensor("axes", [2], [0, 1]),
        i64Tensor("steps", [2], [2, -1]),
        i64Tensor("flat", [1], [-1]),
        i64Tensor("zero", [1], [0]),
      ],
      nodes: [
        node("ConstantOfShape", ["dims"], ["fill"], [tensorAttribute("value", f32Tensor("", [1], [3]))]),
        node("Transpose", ["w"], ["wt"]),
        node("Concat", ["wt", "fill"], ["both"], [int("axis", 1)]),
        node("Slice", ["both", "from", "to", "axes", "steps"], ["part"]),
        node("Reshape", ["part", "flat"], ["v"]),
        node("Concat", ["v", "v"], ["v2"], [int("axis", 0)]),
        node("Slice", ["v2", "zero", "six"], ["v6"]),
        node("Constant", [], ["six"], [ints("value_ints", [6])]),
        node("Unsqueeze", ["v6", "zero"], ["row"]),
        node("Mul", ["x", "row"], ["y"]),
      ],
    },
    inputs: { x: random([2, 6]) },
    want: ["y = Mul(x, row)"],
  },
  {
    title: "fold-constants: weights of 16 bits that the file widens; narrowing stays",
    pass: foldConstants(registry),
    model: {
      inputs: [image],
      outputs: [y, value("narrow", f16)],
      initializers: [
        halves("h", [2, 3, 1, 1], 1),
        bytes("brain", bf16, [2], Uint16Array.of(0x3f80, 0xc049)),
        weights("w", [400], 2),
      ],
      nodes: [
        node("Cast", ["h"], ["hw"], [int("to", f32)]),
        node("Cast", ["brain"], ["b"], [int("to", f32)]),
        node("Conv", ["x", "hw", "b"], ["y"]),
        node("Cast", ["w"], ["narrow"], [int("to", f16)]),
      ],
    },
    inputs: x4,
    want: ["y = Conv(x, hw, b)", "narrow = Cast(w)"],
  },
  {
    title: "fold-constants: an output of the graph stays made by a node",
    pass: foldConstants(registry),
    model: {
      inputs: [value("x", f32, [2, 3])],
      outputs: [value("s", i64)],
      nodes: [node("Shape", ["x"], ["s"])],
    },
    inputs: { x: random([2, 3]) },
    want: ["s = Identity(s)"],
  },
  {
    title: "remove-dead-code: nodes and outputs that nobody reads",
    pass: removeDeadCode,
    model: {
      inputs: [value("x", f32, [4, 2])],
      outputs: [y],
      nodes: [
        node("Exp", ["x"], ["unused"]),
        node("Split", ["x"], ["a", "b"], [int("axis", 0), int("num_outputs", 2)]),
        node("Neg", ["b"], ["y"]),
        node("Abs", ["unused"], ["unused2"]),
      ],
      opset: 18,
    },
    inputs: { x: random([4, 2]) },
    want: ["_, b = Split(x)", "y = Neg(b)"],
  },
  {
    title: "resolve-if: a known condition leaves its branch, with what it takes from around",
    pass: resolveIf,
    model: {
      inputs: [value("x", f32, [1, 4])],
      outputs: [y],
      initializers: [i64Tensor("zero", [], [0]), i64Tensor("one", [], [1]), i64Tensor("axes", [1], [0])],
      nodes: [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Equal", ["n", "one"], ["is1"]),
        node(
          "If",
          ["is1"],
          ["y"],
          [
            graphAttribute("then_branch", {
              outputs: [value("p", f32)],
              nodes: [node("Squeeze", ["x", "axes"], ["q"]), node("Neg", ["q"], ["p"])],
            }),
            graphAttribute("else_branch", { outputs: [value("x", f32)] }),
          ],
        ),
      ],
    },
    inputs: { x: random([1, 4]) },
    want: ["s = Shape(x)", "n = Gather(s, zero)", "is1 = Equal(n, one)", "q = Squeeze(x, axes)", "y = Neg(q)"],
  },
  {
    title: "resolve-if: an unknown condition stays",
    pass: resolveIf,
    model: {
      inputs: [value("c", bool, []), value("x", f32, ["n"])],
      outputs: [y],
      nodes: [
        node(
          "If",
          ["c"],
          ["y"],
          [
            graphAttribute("then_branch", { outputs: [value("p", f32)], nodes: [node("Neg", ["x"], ["p"])] }),
            graphAttribute("else_branch", { outputs: [value("q", f32)], nodes: [node("Exp", ["x"], ["q"])] }),
          ],
        ),
      ],
    },
    inputs: { c: { dtype: "bool", dims: [], data: [0] }, x: random([3]) },
    want: ["y = If(c)"],
  },
  {
    title: "share-common: equal nodes on equal inputs, equal small constants",
    pass: shareCommon,
    model: {
      inputs: [value("x", f32, ["n"])],
      outputs: [y],
      initializers: [f32Tensor("c1", [], [2]), f32Tensor("c2", [], [2]), f32Tensor("c3", [], [3])],
      nodes: [
        node("Mul", ["x", "c1"], ["a"]),
        node("Mul", ["x", "c2"], ["b"]),
        node("Mul", ["x", "c3"], ["c"]),
        node("Softmax", ["a"], ["s"], [int("axis", 0)]),
        node("Softmax", ["b"], ["t"], [int("axis", -1)]),
        node("Sum", ["a", "b", "c", "s", "t"], ["y"]),
      ],
    },
    inputs: { x: random([3]) },
    want: ["a = Mul(x, c1)", "c = Mul(x, c3)", "s = Softmax(a)", "t = Softmax(a)", "y = Sum(a, a, c, s, t)"],
  },
  {
    title: "share-common: what a branch computes stays in the branch",
    pass: shareCommon,
    model: {
      inputs: [value("c", bool, []), value("x", f32, ["n"])],
      outputs: [y],
      nodes: [
        node(
          "If",
          ["c"],
          ["z"],
          [
            graphAttribute("then_branch", { outputs: [value("p", f32)], nodes: [node("Neg", ["x"], ["p"])] }),
            graphAttribute("else_branch", { outputs: [value("q", f32)], nodes: [node("Neg", ["x"], ["q"])] }),
          ],
        ),
        node("Neg", ["x"], ["m"]),
        node("Add", ["z", "m"], ["y"]),
      ],
    },
    inputs: { c: { dtype: "bool", dims: [], data: [1] }, x: random([3]) },
    want: ["z = If(c)", "m = Neg(x)", "y = Add(z, m)"],
  },
  {
    title: "simplify: what does nothing",
    pass: simplify,
    model: {
      inputs: [value("x", f32, ["n", 4])],
      outputs: [y],
      initializers: [
        f32Tensor("one", [1, 1], [1]),
        f32Tensor("zero", [4], [0, 0, 0, 0]),
        i64Tensor("pads", [4], [0, 0, 0, 0]),
        i64Tensor("from", [1], [0]),
        i64Tensor("to", [1], [2n ** 63n - 1n]),
      ],
      nodes: [
        node("Identity", ["x"], ["a"]),
        node("Dropout", ["a"], ["b"]),
        node("Cast", ["b"], ["c"], [int("to", 1)]),
        node("Mul", ["one", "c"], ["d"]),
        node("Add", ["d", "zero"], ["e"]),
        node("Pad", ["e", "pads"], ["f"]),
        node("Slice", ["f", "from", "to"], ["g"]),
        node("Sum", ["g"], ["h"]),
        node("Transpose", ["h"], ["i"], [ints("perm", [0, 1])]),
        node("Relu", ["i"], ["y"]),
      ],
    },
    inputs: { x: random([2, 4]) },
    want: ["y = Relu(x)"],
  },
  {
    title: "simplify: multiplying by one that widens the tensor stays",
    pass: simplify,
    model: {
      inputs: [value("x", f32, [1, 4])],
      outputs: [y],
      initializers: [f32Tensor("ones", [3, 1], [1, 1, 1])],
      nodes: [node("Mul", ["x", "ones"], ["y"])],
    },
    inputs: { x: random([1, 4]) },
    want: ["y = Mul(x, ones)"],
  },
  {
    title: "simplify: pairs of transposes and of casts",
    pass: simplify,
    model: {
      inputs: [value("x", f32, [2, 3, 4]), value("i", i32, [2])],
      outputs: [y, value("z", f32), value("k", f64)],
      nodes: [
        node("Transpose", ["x"], ["a"], [ints("perm", [1, 2, 0])]),
        node("Transpose", ["a"], ["y"], [ints("perm", [1, 2, 0])]),
        node("Transpose", ["a"], ["b"], [ints("perm", [2, 0, 1])]),
        node("Neg", ["b"], ["z"]),
        node("Cast", ["i"], ["l"], [int("to", 7)]),
        node("Cast", ["l"], ["k"], [int("to", 11)]),
      ],
    },
    inputs: { x: random([2, 3, 4]), i: { dtype: "i32", dims: [2], data: [-5, 7] } },
    want: ["a = Transpose(x)", "y = Transpose(x)", "z = Neg(x)", "l = Cast(i)", "k = Cast(i)"],
  },
  {
    title: "simplify: a cast that loses something stays",
    pass: simplify,
    model: {
      inputs: [value("x", f32, [3])],
      outputs: [y],
      nodes: [node("Cast", ["x"], ["i"], [int("to", 6)]), node("Cast", ["i"], ["y"], [int("to", 1)])],
    },
    inputs: { x: { dtype: "f32", dims: [3], data: [1.5, -2.25, 3] } },
    want: ["i = Cast(x)", "y = Cast(i)"],
  },
  {
    title: "simplify: reshapes of reshapes, and reshapes to computed dims",
    pass: simplify,
    model: {
      inputs: [value("x", f32, ["n", 1, 2, 3])],
      outputs: [y, value("z", f32)],
      initializers: [i64Tensor("one", [1], [1]), i64Tensor("zero", [1], [0]), i64Tensor("six", [1], [6])],
      nodes: [
        node("Squeeze", ["x", "one"], ["a"]),
        node("Flatten", ["a"], ["b"]),
        node("Unsqueeze", ["b", "zero"], ["y"]),
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Concat", ["n", "six"], ["t"], [int("axis", 0)]),
        node("Reshape", ["x", "t"], ["c"]),
        node("Neg", ["c"], ["z"]),
      ],
    },
    inputs: { x: random([2, 1, 2, 3]) },
    want: [
      "a = Squeeze(x, one)",
      "b = Reshape(x, Flatten_1/shape)",
      "y = Reshape(x, Unsqueeze_2/shape)",
      "s = Shape(x)",
      "n = Gather(s, zero)",
      "t = Concat(n, six)",
      "c = Reshape(x, Reshape_6/shape)",
      "z = Neg(c)",
    ],
  },
  {
    title: "fold-normalization: convolution, batch normalisation, scale and shift are one convolution",
    pass: foldNormalization,
    model: normalized(
      [
        node("Conv", ["x", "w"], ["c"]),
        node("BatchNormalization", ["c", "scale", "bias", "mean", "variance"], ["n"], [float("epsilon", 0.01)]),
        node("Mul", ["n", "channel"], ["m"]),
        node("Sub", ["m", "two"], ["s"]),
        node("Div", ["s", "two"], ["y"]),
      ],
      "y",
    ),
    inputs: x4,
    want: ["y = Conv(x, y/weight, y/bias)"],
  },
  {
    title: "fold-normalization: a bias that is there is scaled too, a bias added later joins it",
    pass: foldNormalization,
    model: normalized(
      [
        node("Conv", ["x", "w", "b"], ["c"]),
        node("BatchNormalization", ["c", "scale", "bias", "mean", "variance"], ["n"]),
        node("Add", ["channel", "n"], ["y"]),
      ],
      "y",
    ),
    inputs: x4,
    want: ["y = Conv(x, n/weight, y/bias)"],
  },
  {
    title: "fold-normalization: transposed convolution with groups",
    pass: foldNormalization,
    model: {
      inputs: [value("x", f32, ["n", 4, "h", "w"])],
      outputs: [y],
      initializers: [
        weights("w", [4, 3, 2, 2], 1),
        weights("scale", [6], 3),
        weights("bias", [6], 4),
        weights("mean", [6], 5),
        positive("variance", [6], 6),
      ],
      nodes: [
        node("ConvTranspose", ["x", "w"], ["c"], [int("group", 2)]),
        node("BatchNormalization", ["c", "scale", "bias", "mean", "variance"], ["y"]),
      ],
    },
    inputs: { x: random([1, 4, 3, 3]) },
    want: ["y = ConvTranspose(x, y/weight, y/bias)"],
  },
  {
    title:
      "fold-normalization: a convolution that somebody else reads stays, and so does one with a constant along another axis",
    pass: foldNormalization,
    model: normalized(
      [
        node("Conv", ["x", "w"], ["c"]),
        node("Mul", ["c", "channel"], ["m"]),
        node("Relu", ["c"], ["r"]),
        node("Add", ["m", "r"], ["s"]),
        node("Conv", ["x", "w"], ["d"], [ints("pads", [1, 1, 1, 1])]),
        node("Mul", ["d", "row"], ["e"]),
        node("GlobalAveragePool", ["e"], ["g"]),
        node("Add", ["s", "g"], ["y"]),
      ],
      "y",
    ),
    inputs: x4,
    want: [
      "c = Conv(x, w)",
      "m = Mul(c, channel)",
      "r = Relu(c)",
      "s = Add(m, r)",
      "d = Conv(x, w)",
      "e = Mul(d, row)",
      "g = GlobalAveragePool(e)",
      "y = Add(s, g)",
    ],
  },
  {
    title: "fold-normalization: batch normalisation on its own is a product and a sum",
    pass: foldNormalization,
    model: {
      ...normalized([], "y"),
      inputs: [value("x", f32, ["n", 4, "h"])],
      nodes: [
        node("BatchNormalization", ["x", "scale", "bias", "mean", "variance"], ["n"]),
        node("Mul", ["n", "two"], ["y"]),
      ],
    },
    inputs: { x: random([2, 4, 3]) },
    want: ["y/scaled = Mul(x, y/scale)", "y = Add(y/scaled, y/shift)"],
  },
  {
    title: "fold-padding: zeros around a convolution, and around an average that counts them",
    pass: foldPadding,
    model: {
      inputs: [image],
      outputs: [y, value("z", f32)],
      initializers: [weights("w", [4, 3, 3, 3], 1), i64Tensor("pads", [8], [0, 0, 1, 0, 0, 0, 2, 1])],
      nodes: [
        node("Pad", ["x", "pads"], ["p"]),
        node("Conv", ["p", "w"], ["y"], [ints("pads", [0, 1, 0, 1])]),
        node("AveragePool", ["p"], ["z"], [ints("kernel_shape", [2, 2]), int("count_include_pad", 1)]),
      ],
    },
    inputs: x4,
    want: ["p = Pad(x, pads)", "y = Conv(x, w)", "z = AveragePool(x)"],
  },
  {
    title:
      "widen-products: products of 16-bit floats in f32, rounded as before; single and unknown rows of computed matrices stay",
    pass: widenProducts("always"),
    model: {
      inputs: [
        value("x", f16, [1, 4, 5, 5]),
        value("rows", f16, ["t", 4]),
        value("many", f16, [1, 4, 9, 5]),
        value("few", f16, [1, 4, 1, 5]),
        value("side", f16, [4, 2]),
      ],
      outputs: [
        value("y", f16),
        value("m", f16),
        value("g", f16),
        value("d", f16),
        value("v", f16),
        value("u", f16),
        value("n", f32),
      ],
      initializers: [
        halves("w", [3, 4, 3, 3], 1),
        halves("b", [3], 2),
        halves("matrix", [4, 6], 3),
        halves("c", [6], 4),
        weights("wide", [4, 2], 5),
      ],
      nodes: [
        node("Conv", ["x", "w", "b"], ["y"], [ints("pads", [1, 1, 1, 1])]),
        node("MatMul", ["rows", "matrix"], ["m"]),
        node("Gemm", ["rows", "matrix", "c"], ["g"], [float("beta", 0.5)]),
        node("MatMul", ["many", "x"], ["d"]),
        node("MatMul", ["few", "x"], ["v"]),
        node("MatMul", ["rows", "side"], ["u"]),
        node("Cast", ["rows"], ["r"], [int("to", f32)]),
        node("MatMul", ["r", "wide"], ["n"]),
      ],
    },
    inputs: {
      x: half([1, 4, 5, 5], 8),
      rows: half([2, 4], 9),
      few: half([1, 4, 1, 5], 11),
      side: half([4, 2], 12),
      many: half([1, 4, 9, 5], 10),
    },
    want: [
      "Conv_0/x = Cast(x)",
      "Conv_0/sum = Conv(Conv_0/x, Conv_0/w, Conv_0/b)",
      "y = Cast(Conv_0/sum)",
      "MatMul_1/rows = Cast(rows)",
      "MatMul_1/sum = MatMul(MatMul_1/rows, MatMul_1/matrix)",
      "m = Cast(MatMul_1/sum)",
      "Gemm_2/rows = Cast(rows)",
      "Gemm_2/sum = Gemm(Gemm_2/rows, Gemm_2/matrix, Gemm_2/c)",
      "g = Cast(Gemm_2/sum)",
      "MatMul_3/many = Cast(many)",
      "MatMul_3/x = Cast(x)",
      "MatMul_3/sum = MatMul(MatMul_3/many, MatMul_3/x)",
      "d = Cast(MatMul_3/sum)",
      "v = MatMul(few, x)",
      "u = MatMul(rows, side)",
      "r = Cast(rows)",
      "n = MatMul(r, wide)",
    ],
  },
  {
    title:
      "winograd: 3×3 convolutions of many channels; strides, padding by rule, few channels and computed weights stay",
    pass: winograd,
    model: {
      inputs: [value("x", f32, ["n", 64, 9, 16]), value("w2", f32, [64, 64, 3, 3])],
      outputs: [y, value("s", f32), value("t", f32), value("few", f32), value("v", f32)],
      initializers: [weights("w", [64, 64, 3, 3], 1), weights("b", [64], 2), weights("w4", [4, 64, 3, 3], 3)],
      nodes: [
        node("Conv", ["x", "w", "b"], ["y"], [ints("pads", [1, 0, 1, 2])]),
        node("Conv", ["x", "w"], ["s"], [ints("strides", [2, 2])]),
        node("Conv", ["x", "w"], ["t"], [text("auto_pad", "SAME_UPPER")]),
        node("Conv", ["x", "w4"], ["few"]),
        node("Conv", ["x", "w2"], ["v"]),
      ],
    },
    inputs: { x: random([2, 64, 9, 16]), w2: random([64, 64, 3, 3], 5) },
    want: [
      "Conv_0/tiles = WinogradInput(x)",
      "Conv_0/matrices = Reshape(Conv_0/tiles, Conv_0/matrices/dims)",
      "Conv_0/products = MatMul(Conv_0/matrices, Conv_0/weights)",
      "Conv_0/sums = Reshape(Conv_0/products, Conv_0/sums/dims)",
      "y = WinogradOutput(Conv_0/sums, b)",
      "s = Conv(x, w)",
      "t = Conv(x, w)",
      "few = Conv(x, w4)",
      "v = Conv(x, w2)",
    ],
  },
  {
    title: "split-groups: one convolution a group; depthwise ones and weights that are computed stay",
    pass: splitGroups,
    model: {
      inputs: [value("x", f32, [1, 4, 5, 5]), value("w2", f32, [4, 2, 1, 1])],
      outputs: [y, value("d", f32), value("v", f32)],
      initializers: [weights("w", [6, 2, 3, 3], 1), weights("b", [6], 2), weights("wd", [4, 1, 3, 3], 3)],
      nodes: [
        node("Conv", ["x", "w", "b"], ["y"], [int("group", 2), ints("pads", [1, 1, 1, 1])]),
        node("Conv", ["x", "wd"], ["d"], [int("group", 4)]),
        node("Conv", ["x", "w2"], ["v"], [int("group", 2)]),
      ],
    },
    inputs: { x: random([1, 4, 5, 5]), w2: random([4, 2, 1, 1], 5) },
    want: [
      "Conv_0/group_0/x = Slice(x, Conv_0/group_0/x/starts, Conv_0/group_0/x/ends, Conv_0/group_0/x/axes)",
      "Conv_0/group_0 = Conv(Conv_0/group_0/x, Conv_0/group_0/w, Conv_0/group_0/b)",
      "Conv_0/group_1/x = Slice(x, Conv_0/group_1/x/starts, Conv_0/group_1/x/ends, Conv_0/group_1/x/axes)",
      "Conv_0/group_1 = Conv(Conv_0/group_1/x, Conv_0/group_1/w, Conv_0/group_1/b)",
      "y = Concat(Conv_0/group_0, Conv_0/group_1)",
      "d = Conv(x, wd)",
      "v = Conv(x, w2)",
    ],
  },
  {
    title: "split-integer-groups: zero points of outputs go with their filters",
    pass: splitIntegerGroups,
    model: {
      inputs: [value("x", elementType.u8, [1, 4, 3, 3])],
      outputs: [value("y", i32)],
      initializers: [
        bytes("w", elementType.i8, [4, 2, 1, 1], Int8Array.of(1, -2, 3, 4, -5, 6, 7, -8)),
        bytes("zx", elementType.u8, [], Uint8Array.of(3)),
        bytes("zw", elementType.i8, [4], Int8Array.of(0, 1, -1, 2)),
      ],
      nodes: [node("ConvInteger", ["x", "w", "zx", "zw"], ["y"], [int("group", 2)])],
    },
    inputs: { x: { dtype: "u8", dims: [1, 4, 3, 3], data: Array.from({ length: 36 }, (_, i) => (i * 37) % 256) } },
    want: [0, 1]
      .flatMap(g => [
        `ConvInteger_0/group_${g}/x = Slice(x, ConvInteger_0/group_${g}/x/starts, ConvInteger_0/group_${g}/x/ends, ConvInteger_0/group_${g}/x/axes)`,
        `ConvInteger_0/group_${g} = ConvInteger(ConvInteger_0/group_${g}/x, ConvInteger_0/group_${g}/w, zx, ConvInteger_0/group_${g}/w_zero_point)`,
      ])
      .concat("y = Concat(ConvInteger_0/group_0, ConvInteger_0/group_1)"),
  },
  {
    title:
      "fold-shuffle: no shuffle before a convolution over all channels, nor below a depthwise one before one in as many groups",
    pass: foldShuffle,
    model: {
      inputs: [value("x", f32, [1, 8, 3, 3])],
      outputs: [y, value("z", f32)],
      initializers: [
        weights("w", [3, 8, 3, 3], 1),
        weights("wd", [8, 1, 3, 3], 2),
        weights("bd", [8], 3),
        weights("wg", [6, 4, 1, 1], 4),
        weights("bg", [6], 5),
        ...shuffleDims,
      ],
      nodes: [
        ...shuffle("x", "s"),
        node("Conv", ["s", "w"], ["y"]),
        ...shuffle("x", "t"),
        node("Conv", ["t", "wd", "bd"], ["d"], [int("group", 8), ints("pads", [1, 1, 1, 1])]),
        node("Conv", ["d", "wg", "bg"], ["z"], [int("group", 2)]),
      ],
    },
    inputs: { x: random([1, 8, 3, 3]) },
    // what made the shuffles is dead now
    want: [
      "s/split = Reshape(x, groups)",
      "s/swapped = Transpose(s/split)",
      "s = ChannelShuffle(x)",
      "y = Conv(x, Conv_3/w)",
      "t/split = Reshape(x, groups)",
      "t/swapped = Transpose(t/split)",
      "t = ChannelShuffle(x)",
      "d = Conv(t, wd, bd)",
      "Conv_7/unshuffled = Conv(x, Conv_7/w, Conv_7/b)",
      "Conv_8/group_0/x = Slice(Conv_7/unshuffled, Conv_8/group_0/x/starts, Conv_8/group_0/x/ends, Conv_8/group_0/x/axes)",
      "Conv_8/group_0 = ShuffledPointwise(Conv_8/group_0/x, Conv_8/group_0/w, Conv_8/group_0/b)",
      "Conv_8/group_1/x = Slice(Conv_7/unshuffled, Conv_8/group_1/x/starts, Conv_8/group_1/x/ends, Conv_8/group_1/x/axes)",
      "Conv_8/group_1 = ShuffledPointwise(Conv_8/group_1/x, Conv_8/group_1/w, Conv_8/group_1/b)",
      "z = Concat(Conv_8/group_0, Conv_8/group_1)",
    ],
  },
  {
    title: "fold-shuffle: a shuffle that is read twice, that moves other dims, or before other convolutions stays",
    pass: foldShuffle,
    model: {
      inputs: [value("x", f32, [1, 8, 4, 3])],
      outputs: [y, value("z", f32), value("u", f32), value("v", f32)],
      initializers: [
        weights("w", [3, 8, 1, 1], 1),
        weights("wg", [4, 4, 3, 3], 2),
        weights("w4", [4, 2, 1, 1], 3),
        i64Tensor("rows", [5], [1, 8, 2, 2, 3]),
        i64Tensor("image", [4], [1, 8, 4, 3]),
        ...shuffleDims,
      ],
      nodes: [
        ...shuffle("x", "s", "image4"),
        node("Conv", ["s", "w"], ["y"]),
        node("Conv", ["s", "wg"], ["z"], [int("group", 2)]),
        ...shuffle("x", "t", "image4"),
        node("Conv", ["t", "w4"], ["u"], [int("group", 4)]),
        node("Reshape", ["x", "rows"], ["r"]),
        node("Transpose", ["r"], ["q"], [ints("perm", [0, 1, 3, 2, 4])]),
        node("Reshape", ["q", "image"], ["p"]),
        node("Conv", ["p", "w"], ["v"]),
      ],
    },
    inputs: { x: random([1, 8, 4, 3]) },
    want: [
      "s/split = Reshape(x, groups4)",
      "s/swapped = Transpose(s/split)",
      "s = ChannelShuffle(x)",
      "y = Conv(s, w)",
      "z = Conv(s, wg)",
      "t/split = Reshape(x, groups4)",
      "t/swapped = Transpose(t/split)",
      "t = ChannelShuffle(x)",
      "u = Conv(t, w4)",
      "r = Reshape(x, rows)",
      "q = Transpose(r)",
      "p = Reshape(q, image)",
      "v = Conv(p, w)",
    ],
  },
  {
    title:
      "sink-concat: element by element on what the convolutions of a concatenation give; not on other channels, or what others read",
    pass: sinkConcat,
    model: {
      inputs: [value("x", f32, [1, 3, 2, 2]), value("r", f32, [1, 5, 2, 2])],
      outputs: [y, value("z", f32), value("c2", f32)],
      initializers: [weights("w", [2, 3, 1, 1], 1), weights("v", [3, 3, 1, 1], 2)],
      nodes: [
        node("Conv", ["x", "w"], ["a"]),
        node("Conv", ["x", "v"], ["b"]),
        node("Concat", ["a", "b"], ["c"], [int("axis", 1)]),
        node("Add", ["r", "c"], ["s"]),
        node("Relu", ["s"], ["y"]),
        node("Concat", ["x", "x"], ["k"], [int("axis", 1)]),
        node("Relu", ["k"], ["z"]),
        node("Conv", ["x", "w"], ["a2"]),
        node("Conv", ["x", "v"], ["b2"]),
        node("Concat", ["a2", "b2"], ["c2"], [int("axis", 1)]),
        node("Relu", ["c2"], ["l"]),
      ],
    },
    inputs: { x: random([1, 3, 2, 2]), r: random([1, 5, 2, 2], 3) },
    want: [
      "a = Conv(x, w)",
      "b = Conv(x, v)",
      "c = Concat(a, b)",
      "Add_3/part_0/x0 = Slice(r, Add_3/part_0/x0/starts, Add_3/part_0/x0/ends, Add_3/part_0/x0/axes)",
      "Add_3/part_0 = Add(Add_3/part_0/x0, a)",
      "Add_3/part_1/x0 = Slice(r, Add_3/part_1/x0/starts, Add_3/part_1/x0/ends, Add_3/part_1/x0/axes)",
      "Add_3/part_1 = Add(Add_3/part_1/x0, b)",
      "s = Concat(Add_3/part_0, Add_3/part_1)",
      "Relu_4/part_0 = Relu(Add_3/part_0)",
      "Relu_4/part_1 = Relu(Add_3/part_1)",
      "y = Concat(Relu_4/part_0, Relu_4/part_1)",
      "k = Concat(x, x)",
      "z = Relu(k)",
      "a2 = Conv(x, w)",
      "b2 = Conv(x, v)",
      "c2 = Concat(a2, b2)",
      "l = Relu(c2)",
    ],
  },
  {
    title: "simplify: steps of an input that is read step by step are slices; a few are not",
    pass: simplify,
    model: {
      inputs: [value("x", f32, [2, 5, 3]), value("few", f32, [2, 5, 3])],
      outputs: [y, value("z", f32)],
      initializers: [0, 1, 2, -1].map((at, i) => i64Tensor(`t${i}`, [], [at])),
      nodes: [
        ...[0, 1, 2, 3].map(i => node("Gather", ["x", `t${i}`], [`s${i}`], [int("axis", 1)])),
        node("Sum", ["s0", "s1", "s2", "s3"], ["y"]),
        node("Gather", ["few", "t1"], ["z"], [int("axis", 1)]),
      ],
    },
    inputs: { x: random([2, 5, 3]), few: random([2, 5, 3], 3) },
    want: [
      ...[0, 1, 2, 3].flatMap(i => [
        `Gather_${i}/slice = Slice(x, Gather_${i}/starts, Gather_${i}/ends, Gather_${i}/axes)`,
        `s${i} = Squeeze(Gather_${i}/slice, Gather_${i}/axes)`,
      ]),
      "y = Sum(s0, s1, s2, s3)",
      "z = Gather(few, t1)",
    ],
  },
  {
    title: "fold-groups: groups between two reshapes; not what is read in groups, or has other dims behind",
    pass: foldGroups,
    model: {
      inputs: [value("x", f32, ["n", 6, "h", 2])],
      outputs: [y, value("z", f32)],
      initializers: [
        weights("s", [3], 1),
        weights("b", [3], 2),
        i64Tensor("groups", [3], [0, 3, -1]),
        i64Tensor("rows", [2], [0, -1]),
      ],
      nodes: [
        node("Shape", ["x"], ["dims"]),
        node("Reshape", ["x", "groups"], ["g"]),
        node("InstanceNormalization", ["g", "s", "b"], ["normal"], [float("epsilon", 1e-3)]),
        node("Reshape", ["normal", "dims"], ["y"]),
        node("InstanceNormalization", ["g", "b", "s"], ["other"]),
        node("Reshape", ["other", "rows"], ["z"]),
      ],
    },
    inputs: { x: random([2, 6, 5, 2]) },
    want: [
      "dims = Shape(x)",
      "g = Reshape(x, groups)",
      "normal = InstanceNormalization(g, s, b)",
      "y = GroupNormalization(x, s, b)",
      "other = InstanceNormalization(g, b, s)",
      "z = Reshape(other, rows)",
    ],
  },
  {
    title: "recurrent-products: one product for all steps; not of a single step",
    pass: recurrentProducts,
    model: {
      inputs: [value("x", f32, ["s", 2, 3]), value("one", f32, [1, 2, 3])],
      outputs: [y, value("z", f32), value("h", f32)],
      initializers: [weights("W", [2, 12, 3], 1), weights("R", [2, 12, 4], 2), weights("B", [2, 24], 3)],
      nodes: [
        node("GRU", ["x", "W", "R", "B"], ["y"], [int("hidden_size", 4), text("direction", "bidirectional")]),
        node("GRU", ["one", "W", "R"], ["z", "h"], [int("hidden_size", 4), text("direction", "bidirectional")]),
      ],
    },
    inputs: { x: random([5, 2, 3]), one: random([1, 2, 3], 4) },
    want: [
      "GRU_0/rows = Reshape(W, GRU_0/rows dims)",
      "GRU_0/table = Transpose(GRU_0/rows)",
      "GRU_0/products = MatMul(x, GRU_0/table)",
      "GRU_0/gates = Reshape(GRU_0/products, GRU_0/gates dims)",
      "GRU_0/R = Reshape(R, GRU_0/R dims)",
      "GRU_0/B = Reshape(B, GRU_0/B dims)",
      "y = RecurrentSteps(GRU_0/gates, GRU_0/R, GRU_0/B)",
      "z, h = GRU(one, W, R)",
    ],
  },
  {
    title: "fold-quantization: weights of contractions become numbers once; activations, blocks and other readers stay",
    pass: foldQuantization,
    model: {
      inputs: [image],
      outputs: [y],
      initializers: [
        bytes("q", elementType.i8, [2, 3, 1, 1], Int8Array.of(-128, 127, 3, 4, -5, 0)),
        bytes("z", elementType.i8, [2], Int8Array.of(1, -2)),
        f32Tensor("s", [2], [0.3, 0.7]),
        f32Tensor("one", [], [0.1]),
        bytes("b", elementType.i32, [2], Int32Array.of(2 ** 30 + 1, -7)),
        bytes("m", elementType.u8, [4, 2], Uint8Array.of(0, 255, 128, 1, 2, 3, 4, 5)),
        bytes("mz", elementType.u8, [], Uint8Array.of(128)),
        bytes("k", elementType.u8, [2, 1, 1], Uint8Array.of(3, 4)),
        bytes("az", elementType.u8, [], Uint8Array.of(100)),
        f32Tensor("bs", [2, 2], [0.3, 0.7, 0.2, 0.1]),
      ],
      nodes: [
        node("QuantizeLinear", ["x", "one", "az"], ["xq"]),
        node("DequantizeLinear", ["xq", "one", "az"], ["xd"]),
        node("DequantizeLinear", ["q", "s", "z"], ["w"], [int("axis", 0)]),
        node("DequantizeLinear", ["b", "s"], ["bd"], [int("axis", 0)]),
        node("Conv", ["xd", "w", "bd"], ["c"]),
        node("DequantizeLinear", ["m", "s", ""], ["right"], [int("axis", -1)]),
        node("MatMul", ["c", "right"], ["p"]),
        node("DequantizeLinear", ["m", "bs"], ["blocks"], [int("axis", 0), int("block_size", 2)]),
        node("MatMul", ["c", "blocks"], ["p2"]),
        node("DequantizeLinear", ["m", "one", "mz"], ["both"]),
        node("MatMul", ["c", "both"], ["p3"]),
        node("Add", ["p3", "both"], ["p4"]),
        node("DequantizeLinear", ["k", "one"], ["shift"]),
        node("Add", ["p", "shift"], ["a"]),
        node("Sum", ["a", "p2", "p4"], ["y"]),
      ],
    },
    inputs: { x: random([1, 3, 4, 4]) },
    want: [
      "xq = QuantizeLinear(x, one, az)",
      "xd = DequantizeLinear(xq, one, az)",
      "c = Conv(xd, w, bd)",
      "p = MatMul(c, right)",
      "blocks = DequantizeLinear(m, bs)",
      "p2 = MatMul(c, blocks)",
      "both = DequantizeLinear(m, one, mz)",
      "p3 = MatMul(c, both)",
      "p4 = Add(p3, both)",
      "shift = DequantizeLinear(k, one)",
      "a = Add(p, shift)",
      "y = Sum(a, p2, p4)",
    ],
  },
  {
    title: "pair-integers: integer products and those between quantisers; groups, unknown weights and floats stay",
    pass: pairIntegers(),
    model: {
      inputs: [image],
      outputs: [y],
      initializers: [
        bytes("q", elementType.i8, [2, 3, 1, 1], Int8Array.of(-128, 127, 3, 4, -5, 0)),
        bytes("g", elementType.i8, [2, 1, 1, 1], Int8Array.of(3, -4)),
        bytes("z", elementType.i8, [2], Int8Array.of(1, -2)),
        f32Tensor("s", [2], [0.3, 0.7]),
        f32Tensor("one", [], [0.1]),
        f32Tensor("b", [2], [1, -2]),
        bytes("az", elementType.u8, [], Uint8Array.of(100)),
        weights("f", [2, 2, 1, 1], 3),
      ],
      nodes: [
        node("QuantizeLinear", ["x", "one", "az"], ["xq"]),
        node("DequantizeLinear", ["xq", "one", "az"], ["xd"]),
        node("DequantizeLinear", ["q", "s", "z"], ["w"], [int("axis", 0)]),
        node("Conv", ["xd", "w", "b"], ["c"]),
        node("QuantizeLinear", ["c", "one", "az"], ["cq"]),
        node("ConvInteger", ["cq", "g", "az"], ["grouped"], [int("group", 2)]),
        node("Cast", ["grouped"], ["h"], [int("to", f32)]),
        node("Conv", ["c", "f"], ["d"]),
        node("Sum", ["d", "h"], ["y"]),
      ],
    },
    inputs: { x: random([1, 3, 4, 4]) },
    want: [
      "xq = QuantizeLinear(x, one, az)",
      "Conv_3/centered = Centered(xq, az)",
      "Conv_3/pairs = Paired(Conv_3/centered)",
      "Conv_3/sum = PairedConv(Conv_3/pairs, Conv_3/weights)",
      "Conv_3/cast = Cast(Conv_3/sum)",
      "Conv_3/bias = Reshape(b, Conv_3/bias/dims)",
      "Conv_3/mul = Mul(Conv_3/cast, Conv_3/scale)",
      "c = Add(Conv_3/mul, Conv_3/bias)",
      "cq = QuantizeLinear(c, one, az)",
      "grouped = ConvInteger(cq, g, az)",
      "h = Cast(grouped)",
      "d = Conv(c, f)",
      "y = Sum(d, h)",
    ],
  },
  {
    title: "pair-integers by bytes: zero points become constants behind the sums; weights that do not fit go by halves",
    pass: pairIntegers("quads"),
    model: {
      inputs: [image],
      outputs: [y],
      initializers: [
        bytes("q", elementType.i8, [4, 3, 1, 1], Int8Array.of(-128, 127, 3, 4, -5, 0, 1, 2, 3, -4, 5, 6)),
        bytes("w", elementType.u8, [2, 4, 1, 1], Uint8Array.of(0, 255, 128, 4, 5, 127, 129, 7)),
        bytes("z", elementType.i8, [4], new Int8Array(4)),
        bytes("wz", elementType.u8, [], Uint8Array.of(128)),
        bytes("other", elementType.u8, [], Uint8Array.of(127)),
        f32Tensor("s", [], [0.1]),
        bytes("az", elementType.u8, [], Uint8Array.of(100)),
        bytes("none", elementType.u8, [], Uint8Array.of(0)),
      ],
      nodes: [
        node("QuantizeLinear", ["x", "s", "az"], ["xq"]),
        node("QLinearConv", ["xq", "s", "az", "q", "s", "z", "s", "none"], ["h"]),
        node("ConvInteger", ["h", "w", "none", "wz"], ["a"]),
        node("ConvInteger", ["h", "w", "none", "other"], ["b"]),
        node("Add", ["a", "b"], ["sum"]),
        node("Cast", ["sum"], ["y"], [int("to", f32)]),
      ],
    },
    inputs: { x: random([1, 3, 4, 4]) },
    want: [
      "xq = QuantizeLinear(x, s, az)",
      "QLinearConv_1/quads = Quads(xq)",
      "QLinearConv_1/products = QuadConv(QLinearConv_1/quads, QLinearConv_1/weights)",
      "QLinearConv_1/sum = Add(QLinearConv_1/products, QLinearConv_1/weights/sums)",
      "QLinearConv_1/cast = Cast(QLinearConv_1/sum)",
      "QLinearConv_1/mul = Mul(QLinearConv_1/cast, QLinearConv_1/scale)",
      "h = QuantizeLinear(QLinearConv_1/mul, QLinearConv_1/one, none)",
      "ConvInteger_2/quads = Quads(h)",
      "a = QuadConv(ConvInteger_2/quads, ConvInteger_2/weights)",
      "ConvInteger_3/centered = Centered(h, none)",
      "ConvInteger_3/pairs = Paired(ConvInteger_3/centered)",
      "b = PairedConv(ConvInteger_3/pairs, ConvInteger_3/weights)",
      "sum = Add(a, b)",
      "y = Cast(sum)",
    ],
  },
  {
    title:
      "pair-integers by signed bytes: signed data is multiplied as it lies, of unsigned bytes the product takes 128",
    pass: pairIntegers("signed-quads"),
    model: {
      inputs: [image],
      outputs: [y],
      initializers: [
        bytes("q", elementType.i8, [4, 3, 1, 1], Int8Array.of(-128, 127, 3, 4, -5, 0, 1, 2, 3, -4, 5, 6)),
        bytes("w", elementType.u8, [2, 4, 1, 1], Uint8Array.of(0, 255, 128, 4, 5, 127, 129, 7)),
        bytes("z", elementType.i8, [4], new Int8Array(4)),
        bytes("wz", elementType.u8, [], Uint8Array.of(128)),
        f32Tensor("s", [], [0.1]),
        bytes("az", elementType.u8, [], Uint8Array.of(100)),
        bytes("none", elementType.i8, [], Int8Array.of(0)),
      ],
      nodes: [
        node("QuantizeLinear", ["x", "s", "az"], ["xq"]),
        node("QLinearConv", ["xq", "s", "az", "q", "s", "z", "s", "none"], ["h"], [ints("pads", [1, 1, 1, 1])]),
        node("ConvInteger", ["h", "w", "none", "wz"], ["a"]),
        node("Cast", ["a"], ["y"], [int("to", f32)]),
      ],
    },
    inputs: { x: random([1, 3, 4, 4]) },
    want: [
      "xq = QuantizeLinear(x, s, az)",
      "QLinearConv_1/quads = Quads(xq)",
      "QLinearConv_1/products = QuadConv(QLinearConv_1/quads, QLinearConv_1/weights)",
      "QLinearConv_1/sum = Add(QLinearConv_1/products, QLinearConv_1/weights/sums)",
      "QLinearConv_1/cast = Cast(QLinearConv_1/sum)",
      "QLinearConv_1/mul = Mul(QLinearConv_1/cast, QLinearConv_1/scale)",
      "h = QuantizeLinear(QLinearConv_1/mul, QLinearConv_1/one, none)",
      "ConvInteger_2/quads = Quads(h)",
      "a = QuadConv(ConvInteger_2/quads, ConvInteger_2/weights)",
      "y = Cast(a)",
    ],
  },
  {
    title:
      "fold-rescale: sums between quantisers are scaled once, with their bias; what others read, and what a model scales, stay",
    pass: {
      name: "pair, then fold",
      run: async g => foldRescale.run(await pairIntegers().run(g)),
    },
    model: {
      inputs: [image],
      outputs: [y],
      initializers: [
        bytes("w", elementType.i8, [2, 3, 1, 1], Int8Array.of(1, -2, 3, 40, 50, -60)),
        bytes("b", elementType.i8, [2], Int8Array.of(-100, 77)),
        f32Tensor("s", [], [0.25]),
        f32Tensor("step", [], [0.7]),
        bytes("z", elementType.u8, [], Uint8Array.of(100)),
        bytes("none", elementType.i8, [], Int8Array.of(0)),
        f32Tensor("tenth", [], [0.1]),
      ],
      nodes: [
        node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        node("DequantizeLinear", ["w", "s", "none"], ["wd"]),
        node("DequantizeLinear", ["b", "s", "none"], ["bd"]),
        node("Conv", ["xd", "wd", "bd"], ["a"]),
        node("Relu", ["a"], ["r"]),
        node("QuantizeLinear", ["r", "step", "z"], ["q"]),
        node("DequantizeLinear", ["q", "step", "z"], ["d"]),
        node("Conv", ["xd", "wd"], ["twice"]),
        node("QuantizeLinear", ["twice", "step", "z"], ["tq"]),
        node("DequantizeLinear", ["tq", "step", "z"], ["td"]),
        node("ConvInteger", ["xq", "w", "z"], ["sum"]),
        node("Cast", ["sum"], ["own"], [int("to", f32)]),
        node("Mul", ["own", "tenth"], ["m"]),
        node("QuantizeLinear", ["m", "step", "z"], ["mq"]),
        node("DequantizeLinear", ["mq", "step", "z"], ["md"]),
        node("Sum", ["d", "td", "twice", "md"], ["y"]),
      ],
    },
    inputs: { x: random([1, 3, 4, 4]) },
    want: [
      "xq = QuantizeLinear(x, s, z)",
      "Conv_4/centered = Centered(xq, z)",
      "Conv_4/pairs = Paired(Conv_4/centered)",
      "Conv_4/sum = PairedConv(Conv_4/pairs, Conv_4/weights)",
      "Conv_4/cast = Cast(Conv_4/sum)",
      "QuantizeLinear_6/mul = Mul(Conv_4/cast, QuantizeLinear_6/Conv_4/scale)",
      "QuantizeLinear_6/add = Add(QuantizeLinear_6/mul, QuantizeLinear_6/Conv_4/bias)",
      "QuantizeLinear_6/relu = Relu(QuantizeLinear_6/add)",
      "q = QuantizeLinear(QuantizeLinear_6/relu, step/one, z)",
      "d = DequantizeLinear(q, step, z)",
      "Conv_8/centered = Centered(xq, z)",
      "Conv_8/pairs = Paired(Conv_8/centered)",
      "Conv_8/sum = PairedConv(Conv_8/pairs, Conv_8/weights)",
      "Conv_8/cast = Cast(Conv_8/sum)",
      "twice = Mul(Conv_8/cast, Conv_8/scale)",
      "tq = QuantizeLinear(twice, step, z)",
      "td = DequantizeLinear(tq, step, z)",
      "ConvInteger_11/centered = Centered(xq, z)",
      "ConvInteger_11/pairs = Paired(ConvInteger_11/centered)",
      "sum = PairedConv(ConvInteger_11/pairs, ConvInteger_11/weights)",
      "own = Cast(sum)",
      "m = Mul(own, tenth)",
      "mq = QuantizeLinear(m, step, z)",
      "md = DequantizeLinear(mq, step, z)",
      "y = Sum(d, td, twice, md)",
    ],
  },
  {
    title: "move-quantized: maxima and moves by the same scale; other scales, and what others read, stay",
    pass: moveQuantized,
    model: {
      inputs: [image],
      outputs: [y],
      initializers: [
        f32Tensor("s", [], [0.1]),
        f32Tensor("t", [], [0.2]),
        f32Tensor("n", [], [-0.1]),
        bytes("z", elementType.u8, [], Uint8Array.of(100)),
      ],
      nodes: [
        node("QuantizeLinear", ["x", "n", "z"], ["nq"]),
        node("DequantizeLinear", ["nq", "n", "z"], ["nd"]),
        node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        node("MaxPool", ["d"], ["m"], [ints("kernel_shape", [2, 2])]),
        node("QuantizeLinear", ["m", "s", "z"], ["mq"]),
        node("DequantizeLinear", ["mq", "s", "z"], ["md"]),
        node("Concat", ["md", "md"], ["c"], [int("axis", 1)]),
        node("QuantizeLinear", ["c", "s", "z"], ["cq"]),
        node("DequantizeLinear", ["cq", "s", "z"], ["cd"]),
        node("Transpose", ["cd"], ["p"], [ints("perm", [0, 1, 3, 2])]),
        node("QuantizeLinear", ["p", "t", "z"], ["pq"]),
        node("DequantizeLinear", ["pq", "t", "z"], ["pd"]),
        node("Flatten", ["pd"], ["f"]),
        node("QuantizeLinear", ["f", "t", "z"], ["fq"]),
        node("DequantizeLinear", ["fq", "t", "z"], ["fd"]),
        node("MaxPool", ["nd"], ["nm"], [ints("kernel_shape", [2, 2])]),
        node("QuantizeLinear", ["nm", "n", "z"], ["nmq"]),
        node("DequantizeLinear", ["nmq", "n", "z"], ["nmd"]),
        node("Concat", ["nmd", "nmd"], ["nc"], [int("axis", 1)]),
        node("Flatten", ["nc"], ["nf"]),
        node("Sum", ["fd", "f", "nf"], ["y"]),
      ],
    },
    inputs: { x: random([1, 3, 4, 4]) },
    want: [
      "nq = QuantizeLinear(x, n, z)",
      "nd = DequantizeLinear(nq, n, z)",
      "q = QuantizeLinear(x, s, z)",
      "d = DequantizeLinear(q, s, z)",
      "m = MaxPool(d)",
      "mq = MaxPool(q)",
      "md = DequantizeLinear(mq, s, z)",
      "c = Concat(md, md)",
      "cq = Concat(mq, mq)",
      "cd = DequantizeLinear(cq, s, z)",
      "p = Transpose(cd)",
      "pq = QuantizeLinear(p, t, z)",
      "pd = DequantizeLinear(pq, t, z)",
      "f = Flatten(pd)",
      "fq = QuantizeLinear(f, t, z)",
      "fd = DequantizeLinear(fq, t, z)",
      "nm = MaxPool(nd)",
      "nmq = QuantizeLinear(nm, n, z)",
      "nmd = DequantizeLinear(nmq, n, z)",
      "nc = Concat(nmd, nmd)",
      "nf = Flatten(nc)",
      "y = Sum(fd, f, nf)",
    ],
  },
  {
    title: "fold-padding: other fills, other modes, channels, negative amounts and other pools stay",
    pass: foldPadding,
    model: {
      inputs: [image],
      outputs: [y],
      initializers: [
        weights("w", [2, 3, 1, 1], 1),
        weights("w4", [2, 4, 1, 1], 2),
        i64Tensor("pads", [8], [0, 0, 1, 1, 0, 0, 1, 1]),
        i64Tensor("channels", [8], [0, 1, 0, 0, 0, 0, 0, 0]),
        i64Tensor("crop", [8], [0, 0, -1, 0, 0, 0, 0, 0]),
        f32Tensor("one", [], [1]),
      ],
      nodes: [
        node("Pad", ["x", "pads", "one"], ["p1"]),
        node("Conv", ["p1", "w"], ["y1"]),
        node("Pad", ["x", "pads"], ["p2"], [text("mode", "reflect")]),
        node("Conv", ["p2", "w"], ["y2"]),
        node("Pad", ["x", "channels"], ["p3"]),
        node("Conv", ["p3", "w4"], ["y3"], [ints("pads", [1, 1, 1, 1])]),
        node("Pad", ["x", "crop"], ["p4"]),
        node("Conv", ["p4", "w"], ["y4"], [ints("pads", [2, 1, 1, 1])]),
        node("Pad", ["x", "pads"], ["p5"]),
        node("MaxPool", ["p5"], ["m"], [ints("kernel_shape", [1, 1])]),
        node("Conv", ["m", "w"], ["y5"]),
        node("Sum", ["y1", "y2", "y3", "y4", "y5"], ["y"]),
      ],
    },
    inputs: x4,
    want: [
      "p1 = Pad(x, pads, one)",
      "y1 = Conv(p1, w)",
      "p2 = Pad(x, pads)",
      "y2 = Conv(p2, w)",
      "p3 = Pad(x, channels)",
      "y3 = Conv(p3, w4)",
      "p4 = Pad(x, crop)",
      "y4 = Conv(p4, w)",
      "p5 = Pad(x, pads)",
      "m = MaxPool(p5)",
      "y5 = Conv(m, w)",
      "y = Sum(y1, y2, y3, y4, y5)",
    ],
  },
];

describe("passes", () => {
  for (const { title, pass, model, inputs, want } of cases)
    it(title, async () => {
      const before = infer(await readOnnx(onnxModel(model)), registry);
      const after = await pass.run(before);
      verifyGraph(after);
      assert.deepEqual(outline(after), want);
      assert.equal(printGraph(await pass.run(after)), printGraph(after), "running it again changes nothing");
      await sameResults(before, after, inputs);
      await sameResults(before, await runPasses(before, defaultPasses(registry)), inputs);
    });
});

it("widen-products: weights that would take more than a gibibyte stay as they are", async () => {
  const file = (rows: number): Uint8Array =>
    onnxModel({
      inputs: [value("x", f16, [1, rows])],
      outputs: [value("y", f16)],
      initializers: [i64Tensor("dims", [2], [rows, 32768])],
      nodes: [
        node(
          "ConstantOfShape",
          ["dims"],
          ["w"],
          [tensorAttribute("value", bytes("v", f16, [1], Uint16Array.of(0x3c00)))],
        ),
        node("MatMul", ["x", "w"], ["y"]),
      ],
    });
  const opsOf = async (rows: number): Promise<string[]> => {
    const graph = await runPasses(infer(await readOnnx(file(rows)), registry), [
      foldConstants(registry),
      widenProducts("always"),
    ]);
    return graph.nodes.map(n => n.op);
  };
  assert.deepEqual(await opsOf(8192), ["Cast", "MatMul", "Cast"]);
  assert.deepEqual(await opsOf(8193), ["MatMul"]);
});

describe("fold-constants with somebody who evaluates operators", () => {
  const model = onnxModel({
    inputs: [value("x", f32, ["n", 4])],
    outputs: [y],
    initializers: [
      weights("w", [4], 1),
      f32Tensor("two", [], [2]),
      weights("big", [300, 300], 2),
      i64Tensor("four", [1], [4]),
      i64Tensor("zero", [1], [0]),
    ],
    nodes: [
      node("Exp", ["w"], ["e"]),
      node("Mul", ["e", "two"], ["m"]),
      node("Exp", ["big"], ["b"]),
      node("ReduceSum", ["b"], ["s"], [int("keepdims", 0)]),
      node("Add", ["x", "m"], ["a"]),
      node("Add", ["a", "s"], ["y"]),
    ],
    opset: 13,
  });
  const byReference: Evaluate = async ({ operator, info, inputs }, bytes) => {
    const tensors = Object.entries(inputs).map(([name, v]) => {
      const dims = v.dims!.map(d => d.constant);
      return [name, { dtype: v.dtype!, dims, data: decode(v.dtype!, bytes[name]!) }] as const;
    });
    const { reference } = operatorModules.find(m => m.operator === operator)!;
    const made = reference!(Object.fromEntries(tensors), info.attributes, info);
    return Object.fromEntries(
      Object.entries(made).map(([name, t]) => [name, encode(t.dtype, Array.from(t.data as ArrayLike<number>))]),
    );
  };

  it("folds chains of operators on small constants, which are known from then on", async () => {
    const before = infer(await readOnnx(model), registry);
    const after = await foldConstants(registry, byReference).run(before);
    verifyGraph(after);
    assert.deepEqual(outline(after), ["b = Exp(big)", "s = ReduceSum(b)", "a = Add(x, m)", "y = Add(a, s)"]);
    const m = after.nodes[2]!.inputs[1]!;
    const w = random([4], 1).data;
    assert.deepEqual(
      numbersOf(m.known),
      Array.from(w as ArrayLike<number>, x => Math.fround(2 * Math.fround(Math.exp(x)))),
    );
  });
});

it("infinities, NaN and −0 in attributes are numbers of their own", async () => {
  const before = await readOnnx(
    onnxModel({
      opset: 10,
      inputs: [value("x", f32, ["n"])],
      outputs: ["a", "b", "c", "d", "e"].map(name => value(name, f32)),
      nodes: [Infinity, -Infinity, NaN, 0, -0].map((fill, i) =>
        node("Pad", ["x"], ["abcde"[i]!], [ints("pads", [1, 1]), float("value", fill)]),
      ),
    }),
  );
  const after = await shareCommon.run(infer(before, registry));
  assert.deepEqual(outline(after), ["a = Pad(x)", "b = Pad(x)", "c = Pad(x)", "d = Pad(x)", "e = Pad(x)"]);
});

it("integers at the ends of 64 bits, which float64 does not tell apart, are neither shared nor made anew", async () => {
  const least = -(2n ** 63n);
  const before = await readOnnx(
    onnxModel({
      inputs: [value("x", i64, [1])],
      outputs: [y],
      initializers: [
        i64Tensor("least", [1], [least]),
        i64Tensor("more", [1], [least + 1n]),
        i64Tensor("both", [2], [least + 1n, 3]),
        i64Tensor("zero", [1], [0]),
      ],
      nodes: [node("Gather", ["both", "zero"], ["picked"]), node("Sum", ["x", "least", "more", "picked"], ["y"])],
    }),
  );
  const after = await runPasses(before, defaultPasses(registry));
  assert.deepEqual(outline(after), ["picked = Gather(both, zero)", "y = Sum(x, least, more, picked)"]);
});

/** Folded weights are rounded once more than the operators they replace. */
async function sameResults(a: Graph, b: Graph, inputs: Readonly<Record<string, ReferenceTensor>>): Promise<void> {
  const [want, got] = [await evaluate(a, registry, inputs), await evaluate(b, registry, inputs)];
  assert.deepEqual(Object.keys(got), Object.keys(want));
  for (const [name, w] of Object.entries(want)) {
    const g = got[name]!;
    assert.deepEqual([g.dtype, g.dims], [w.dtype, w.dims]);
    const scale = Math.max(1, ...Array.from(w.data as ArrayLike<number>, x => Math.abs(Number(x))));
    // references do not round to f16, casts do
    const step = w.dtype === "f16" ? 2 ** -10 : 1e-5;
    for (let i = 0; i < w.data.length; i++)
      assert.ok(
        Math.abs(Number(g.data[i]) - Number(w.data[i])) <= step * scale,
        `${name}[${i}]: ${g.data[i]} for ${w.data[i]}`,
      );
  }
}

it("weights that are scaled three times are rounded once", async () => {
  const graph = infer(
    await readOnnx(
      onnxModel(
        normalized(
          [
            node("Conv", ["x", "w"], ["c"]),
            node("BatchNormalization", ["c", "scale", "bias", "mean", "variance"], ["n"]),
            node("Mul", ["n", "channel"], ["m"]),
            node("Div", ["m", "two"], ["y"]),
          ],
          "y",
        ),
      ),
    ),
    registry,
  );
  const [conv] = (await foldNormalization.run(graph)).nodes;
  const got = decode("f32", await conv!.inputs[1]!.constant!.read());
  const numbers = (dims: readonly number[], seed: number) => random(dims, seed).data as readonly number[];
  const variance = numbers([4], 6).map(x => Math.fround(Math.abs(x) + 0.5));
  const factor = numbers([4], 3).map((s, c) => ((s / Math.sqrt(variance[c]! + 1e-5)) * numbers([4, 1, 1], 8)[c]!) / 2);
  const want = numbers([4, 3, 3, 3], 1).map((w, i) => Math.fround(w * factor[Math.floor(i / 27)]!));
  assert.deepEqual([...got], want);
});

describe("runPasses", () => {
  const model = onnxModel({
    inputs: [value("x", f32, ["n"])],
    outputs: [y],
    nodes: [node("Exp", ["x"], ["unused"]), node("Identity", ["x"], ["a"]), node("Neg", ["a"], ["y"])],
  });
  it("reports counts and times of each pass", async () => {
    let clock = 0;
    const seen: unknown[] = [];
    const graph = await readOnnx(model);
    await runPasses(graph, [removeDeadCode, simplify], { now: () => clock++, onPass: r => seen.push(r) });
    assert.deepEqual(seen, [
      { name: "remove-dead-code", nodesBefore: 3, nodesAfter: 2, timeMs: 1 },
      { name: "simplify", nodesBefore: 2, nodesAfter: 1, timeMs: 1 },
    ]);
  });
  it("says which pass broke the graph", async () => {
    const graph = await readOnnx(model);
    const cut: Pass = { name: "cut", run: g => ({ ...g, nodes: g.nodes.slice(2) }) };
    await assert.rejects(runPasses(graph, [simplify, cut]), {
      code: "graph-invalid",
      message:
        'The pass "cut" broke the graph: The list of outputs reads "y", which nothing before defines; put its producer first',
    });
  });
  it("says which pass gave back something else than a graph with its inputs and outputs", async () => {
    const graph = await readOnnx(model);
    const refused: readonly (readonly [run: (g: Graph) => unknown, message: string | RegExp])[] = [
      [() => undefined, 'The pass "mine" gave back no graph; return one, changed or as it was'],
      [() => ({ nodes: [] }), 'The pass "mine" gave back no graph; return one, changed or as it was'],
      [
        g => ({ ...g, outputs: [] }),
        'The pass "mine" broke the graph: its outputs were "y" and are none; keep their names and order',
      ],
      [
        g => ({ ...g, outputs: g.nodes[1]!.outputs }),
        'The pass "mine" broke the graph: its outputs were "y" and are "a"; keep their names and order',
      ],
      [
        g => ({ ...g, inputs: [...g.inputs, { ...g.inputs[0]!, name: "z" }] }),
        'The pass "mine" broke the graph: its inputs were "x" and are "x", "z"; keep their names and order',
      ],
      [g => ({ ...g, nodes: [undefined, ...g.nodes] }), /^The pass "mine" broke the graph: TypeError: /],
    ];
    for (const [run, message] of refused)
      await assert.rejects(runPasses(graph, [{ name: "mine", run: run as Pass["run"] }]), {
        name: "AzulejoError",
        code: "graph-invalid",
        message,
      });
  });
  it("stops when the signal asks", async () => {
    const graph = await readOnnx(model);
    await assert.rejects(runPasses(graph, [simplify], { signal: { aborted: true } }), {
      code: "aborted",
      message: 'Stopped before the pass "simplify", as the signal asked',
    });
  });
});
