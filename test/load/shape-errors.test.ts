// Models with open dims, run with dims that an operator has no result for: an error of code "shape" that says what numbers in the file would
// have said, and the model works afterwards.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TensorData } from "azulejo";
import { load } from "azulejo";
import type { AttributeInit, TensorInit, ValueInit } from "../frontends/onnx-model.js";
import { elementType, f32Tensor, i64Tensor, int, ints, node, onnxModel, text, value } from "../frontends/onnx-model.js";

const { f32, i64 } = elementType;

interface Case {
  readonly title: string;
  readonly op: string;
  readonly opset?: number;
  readonly attributes?: AttributeInit[];
  readonly inputs: ValueInit[];
  readonly constants?: TensorInit[];
  readonly outputs?: number;
  /** by input: dims of ones, or the numbers of a list */
  readonly runs: Feeds;
  readonly refused: Feeds;
  readonly says: string;
}
type Feeds = Readonly<Record<string, readonly number[] | { readonly list: readonly number[] }>>;

const rows = value("x", f32, ["n", "c"]);
const image = value("x", f32, ["n", "c", "h", "w"]);
const cases: readonly Case[] = [
  {
    title: "Squeeze of a dim above 1",
    op: "Squeeze",
    inputs: [rows],
    constants: [i64Tensor("axes", [1], [0])],
    runs: { x: [1, 3] },
    refused: { x: [2, 3] },
    says: "dim 0 of data is 2; only dims of 1 can be squeezed",
  },
  ...([4, 6] as const).map(
    (size): Case => ({
      title: `Split of ${size} into parts of 5`,
      op: "Split",
      attributes: [int("axis", 1)],
      inputs: [rows],
      constants: [i64Tensor("split", [2], [2, 3])],
      outputs: 2,
      runs: { x: [2, 5] },
      refused: { x: [2, size] },
      says: `split [2, 3] sums to 5, but the axis has ${size} elements; make them equal`,
    }),
  ),
  ...([2, 11, 13] as const).map(
    (opset): Case => ({
      title: `Split of 5 in 2, opset ${opset}`,
      op: "Split",
      opset,
      attributes: [int("axis", 1)],
      inputs: [rows],
      outputs: 2,
      runs: { x: [2, 4] },
      refused: { x: [2, 5] },
      says: "5 elements do not split evenly into 2 outputs; give the sizes in split",
    }),
  ),
  {
    title: "TopK of more than there are",
    op: "TopK",
    inputs: [rows],
    constants: [i64Tensor("k", [1], [4])],
    outputs: 2,
    runs: { x: [2, 4] },
    refused: { x: [2, 3] },
    says: "K is 4 and axis 1 of X has 3 elements; use 0..3",
  },
  {
    title: "TopK of more than there are, as an input says",
    op: "TopK",
    inputs: [value("x", f32, [2, 3]), value("k", i64, [1])],
    outputs: 2,
    runs: { x: [2, 3], k: { list: [3] } },
    refused: { x: [2, 3], k: { list: [100] } },
    says: "K is 100 and axis 1 of X has 3 elements; use 0..3",
  },
  {
    title: "DepthToSpace of channels that make no block",
    op: "DepthToSpace",
    attributes: [int("blocksize", 2)],
    inputs: [image],
    runs: { x: [1, 8, 2, 2] },
    refused: { x: [1, 5, 2, 2] },
    says: "input is 1×5×2×2; it must have 4 dims, and channels in multiples of 4",
  },
  {
    title: "SpaceToDepth of an odd size",
    op: "SpaceToDepth",
    attributes: [int("blocksize", 2)],
    inputs: [image],
    runs: { x: [1, 1, 4, 2] },
    refused: { x: [1, 1, 4, 3] },
    says: "input is 1×1×4×3; it must have 4 dims, and height and width in multiples of 2",
  },
  {
    title: "GroupNormalization of channels that make no groups",
    op: "GroupNormalization",
    opset: 21,
    attributes: [int("num_groups", 2)],
    inputs: [image, value("scale", f32, ["s"]), value("bias", f32, ["s"])],
    runs: { x: [1, 4, 1, 2], scale: [4], bias: [4] },
    refused: { x: [1, 3, 1, 2], scale: [3], bias: [3] },
    says: "3 channels do not divide into 2 groups; use a number of groups that divides them",
  },
  ...["ArgMax", "ArgMin"].map(
    (op): Case => ({
      title: `${op} along an empty axis`,
      op,
      attributes: [int("axis", 1)],
      inputs: [rows],
      runs: { x: [2, 1] },
      refused: { x: [2, 0] },
      says: "axis 1 of data has no elements, so there is no position to give; hand in at least one",
    }),
  ),
  {
    title: "Pad that cuts off more than there is",
    op: "Pad",
    inputs: [rows],
    constants: [i64Tensor("pads", [4], [0, -2, 0, -2])],
    runs: { x: [2, 4] },
    refused: { x: [2, 3] },
    says: "negative pads cut 4 elements off axis 1 with 3; cut off at most 3",
  },
  ...["edge", "reflect", "wrap"].map(
    (mode): Case => ({
      title: `Pad of nothing, mode ${mode}`,
      op: "Pad",
      opset: 19,
      attributes: [text("mode", mode)],
      inputs: [rows],
      constants: [i64Tensor("pads", [4], [0, 1, 0, 1])],
      runs: { x: [2, 2] },
      refused: { x: [2, 0] },
      says: `mode ${mode} finds nothing to repeat along axis 1, of which nothing is left; use constant`,
    }),
  ),
  {
    title: "GatherElements with more rows of indices than of data",
    op: "GatherElements",
    attributes: [int("axis", 1)],
    inputs: [rows, value("indices", i64, ["k", "m"])],
    runs: { x: [2, 3], indices: [2, 1] },
    refused: { x: [2, 3], indices: [3, 1] },
    says: "indices are 3×1 and data 2×3; beside axis 1, indices can't be larger than data",
  },
  {
    title: "ScatterElements with more rows of indices than of data",
    op: "ScatterElements",
    attributes: [int("axis", 1)],
    inputs: [rows, value("indices", i64, ["k", 1]), value("updates", f32, ["k", 1])],
    runs: { x: [2, 3], indices: [2, 1], updates: [2, 1] },
    refused: { x: [2, 3], indices: [3, 1], updates: [3, 1] },
    says: "indices are 3×1 and data 2×3; beside axis 1, indices can't be larger than data",
  },
  {
    title: "GatherND of another batch",
    op: "GatherND",
    attributes: [int("batch_dims", 1)],
    inputs: [rows, value("indices", i64, ["k", 1])],
    runs: { x: [2, 3], indices: [2, 1] },
    refused: { x: [2, 3], indices: [3, 1] },
    says: "data is 2×3 and indices 3×1; their first 1 dims, the batch, must agree",
  },
  {
    title: "ReverseSequence with a length for fewer sequences than there are",
    op: "ReverseSequence",
    inputs: [rows, value("lengths", i64, ["k"])],
    runs: { x: [2, 3], lengths: [3] },
    refused: { x: [2, 3], lengths: [2] },
    says: "input has 3 sequences and sequence_lens has 2 entries; they must agree",
  },
  {
    title: "OneHot with a value for one state",
    op: "OneHot",
    inputs: [value("indices", i64, ["n"]), value("depth", i64, [1]), value("values", f32, ["k"])],
    runs: { indices: [3], depth: { list: [4] }, values: [2] },
    refused: { indices: [3], depth: { list: [4] }, values: [1] },
    says: "every element has 2 states and values has 1 entries; they must agree",
  },
  {
    title: "Conv with outputs that make no groups",
    op: "Conv",
    attributes: [int("group", 2)],
    inputs: [image, value("weights", f32, ["o", "i", 1, 1])],
    runs: { x: [1, 4, 2, 2], weights: [2, 2, 1, 1] },
    refused: { x: [1, 4, 2, 2], weights: [3, 2, 1, 1] },
    says: "3 outputs do not divide into 2 groups; use a number of outputs that does",
  },
  {
    title: "Conv with a window that is larger than the image",
    op: "Conv",
    inputs: [image],
    constants: [f32Tensor("weights", [1, 1, 3, 3], new Array(9).fill(1))],
    runs: { x: [1, 1, 3, 3] },
    refused: { x: [1, 1, 3, 1] },
    says: "the window of 3 taps (dilation 1) is larger than spatial axis 1 with 1 elements and its pads; use more padding or a smaller window",
  },
  {
    title: "MaxPool of nothing but padding",
    op: "MaxPool",
    attributes: [ints("kernel_shape", [2, 2]), ints("pads", [1, 1, 1, 1])],
    inputs: [image],
    runs: { x: [1, 1, 1, 1] },
    refused: { x: [1, 1, 0, 1] },
    says: "spatial axis 0 is empty, and its pads make windows; give X elements, or no pads",
  },
  {
    title: "Attention with heads of keys that serve no whole number of queries",
    op: "Attention",
    opset: 23,
    inputs: ["q", "k", "v"].map(name => value(name, f32, ["n", name === "q" ? "heads" : "groups", "t", 4])),
    runs: { q: [1, 4, 3, 4], k: [1, 2, 3, 4], v: [1, 2, 3, 4] },
    refused: { q: [1, 3, 3, 4], k: [1, 2, 3, 4], v: [1, 2, 3, 4] },
    says: "3 heads of Q are no multiple of 2 heads of K; each head of K serves as many of Q",
  },
  {
    title: "Attention with values for other heads, which its parts would not miss",
    op: "Attention",
    opset: 23,
    inputs: ["q", "k", "v"].map(name => value(name, f32, ["n", `heads of ${name}`, "t", 4])),
    runs: { q: [1, 2, 3, 4], k: [1, 1, 3, 4], v: [1, 1, 3, 4] },
    refused: { q: [1, 2, 3, 4], k: [1, 1, 3, 4], v: [1, 2, 3, 4] },
    says: "Q of 1×2×3×4, K of 1×1×3×4 and V of 1×2×3×4, as batch×heads×sequence×size, do not agree; K has the batch and the size of Q, V the batch, heads and sequence of K",
  },
];

const tensor = (dtype: number | undefined, given: Feeds[string]): TensorData => {
  const dims = "list" in given ? [given.list.length] : given;
  const numbers = "list" in given ? given.list : new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(0);
  return dtype === i64
    ? { dtype: "i64", dims, data: BigInt64Array.from(numbers, BigInt) }
    : { dtype: "f32", dims, data: Float32Array.from(numbers) };
};

for (const c of cases)
  for (const target of ["wasm", "interpreter"] as const)
    test(`${c.title}, ${target}`, async () => {
      const { inputs, constants = [], outputs: count = 1 } = c;
      const outputs = Array.from({ length: count }, (_, i) => `y${i}`);
      const feeds = (given: Feeds): Record<string, TensorData> =>
        Object.fromEntries(
          inputs.map(({ name, type }) => {
            const { value: held } = type!.value! as { value: { elemType?: number } };
            return [name!, tensor(held.elemType, given[name!]!)];
          }),
        );
      const names = [...inputs, ...constants].map(v => v.name!);
      const bytes = onnxModel({
        opset: c.opset ?? 17,
        inputs,
        outputs: outputs.map(name =>
          value(name, name === "y1" && c.op === "TopK" ? i64 : /^Arg/.test(c.op) ? i64 : f32),
        ),
        nodes: [node(c.op, names, outputs, c.attributes)],
        initializers: constants,
      });
      const model = await load(bytes, { cache: false, target, threads: 1 });
      try {
        await assert.rejects(model.run(feeds(c.refused)), { code: "shape", message: `${c.op} "${c.op}_0": ${c.says}` });
        await model.run(feeds(c.runs));
        await assert.rejects(model.run(feeds(c.refused)), { code: "shape" });
      } finally {
        model.dispose();
      }
    });

for (const target of ["wasm", "interpreter"] as const)
  test(`TopK of more than the data have, ${target}`, async () => {
    const bytes = onnxModel({
      inputs: [value("x", f32, ["n"])],
      outputs: [value("y0", i64), value("y1", i64)],
      nodes: [node("NonZero", ["x"], ["found"]), node("TopK", ["found", "k"], ["y0", "y1"])],
      initializers: [i64Tensor("k", [1], [2])],
    });
    const model = await load(bytes, { cache: false, target, threads: 1 });
    const run = (...x: number[]) => model.run({ x: { dtype: "f32", dims: [x.length], data: Float32Array.from(x) } });
    try {
      assert.deepEqual([...(await run(1, 0, 3)).y0!.data], [2n, 0n]);
      const message = 'TopK "TopK_1": K is 2 and axis 1 of X has 1 elements; use 0..1';
      await assert.rejects(run(0, 0, 3), { code: "shape", message });
      assert.deepEqual([...(await run(1, 1)).y0!.data], [1n, 0n]);
    } finally {
      model.dispose();
    }
  });
