// PackedAttention of com.microsoft: Attention of sequences whose tokens lie one behind another, without padding.
import { Poly } from "../../ir/poly.js";
import { requireDims } from "../broadcast.js";
import { refuse, requireRanks } from "../checks.js";
import { reference as matMul } from "../mat-mul.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { numberOfDim, partReference } from "./attention-parts.js";
import { tolerance as attentionTolerance } from "./attention.js";
import { lengthsOf, packedAgain, packedReference, requirePacking } from "./packed-multi-head-attention.js";
import type { Sizes } from "./projected-attention.js";
import { projectedAttention, projectedAttentionReference, thirds } from "./projected-attention.js";
import { exampleOffsets, restored } from "./restore-padding.js";

const op = "PackedAttention";

function sizesOf(node: NodeInfo): Sizes {
  const columns = numberOfDim(op, node, node.dims.weights![1]!, "the last dim of weights");
  const { qkv_hidden_sizes: given, num_heads } = node.attributes;
  const sizes: readonly number[] = given?.length ? given : thirds(columns);
  const fits = sizes.length === 3 && sizes[0]! + sizes[1]! + sizes[2]! === columns && sizes[0] === sizes[1];
  if (!fits || sizes.some(s => !Number.isInteger(s / num_heads)))
    refuse(
      "shape",
      op,
      node,
      `${columns} columns of weights are not Q, K and V for ${num_heads} heads; set num_heads and qkv_hidden_sizes`,
    );
  return sizes as Sizes;
}

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["input", "weights", "bias", "token_offset", "cumulative_sequence_length", "attention_bias?"],
  outputs: ["output"],
  attributes: {
    num_heads: { type: "int", required: true },
    qkv_hidden_sizes: { type: "ints" },
    scale: { type: "float" },
  },
  shape: node => {
    requireRanks(op, node, {
      input: [2],
      weights: [2],
      bias: [1],
      token_offset: [2],
      cumulative_sequence_length: [1],
      attention_bias: [4],
    });
    const { input, weights } = node.dims;
    requireDims(op, node, "weights", [input![1]!, weights![1]!], "hidden×(columns of Q, K and V)");
    requireDims(op, node, "bias", [weights![1]!], "a number for each column of weights");
    requirePacking(op, node);
    return { output: [input![0]!, Poly.int(sizesOf(node)[2])] };
  },
  expand: (node, build) => {
    const { input, weights, bias, token_offset, cumulative_sequence_length, attention_bias } = node.inputs;
    const rows = build.node("Add", [build.node("MatMul", [input, weights]), bias]);
    const projected = restored(build, rows, token_offset!);
    const mask = lengthsOf(build, cumulative_sequence_length!, token_offset!);
    const settings = { ...node, attributes: { mask_filter_value: -10000, unidirectional: 0, ...node.attributes } };
    const { output } = projectedAttention(settings, build, { projected, mask, bias: attention_bias }, sizesOf(node));
    return { output: packedAgain(build, output!, input!, token_offset!) };
  },
};

export const doc: OperatorDoc = {
  summary: "Attention of sequences whose tokens lie one behind another",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = attentionTolerance;

export const reference: Reference = (inputs, attributes, node) => {
  const { input, weights, bias, attention_bias } = inputs;
  const product = matMul({ A: input!, B: weights! }, {}, node).Y!;
  const projected = partReference(product, 0, product.dims[1]!, bias);
  const sizes = attributes.qkv_hidden_sizes?.length ? attributes.qkv_hidden_sizes : thirds(product.dims[1]!);
  const output = packedReference(inputs, (padded, mask) => {
    const given = { projected: padded(projected), mask, bias: attention_bias };
    return projectedAttentionReference(given, attributes, node, sizes).output!;
  });
  return { output };
};

const of = (name: string, columns: number, added: boolean, attributes: Attributes = {}): OperatorCase => ({
  name,
  attributes: { num_heads: 3, ...attributes },
  inputs: {
    input: { dtype: "f32", dims: [7, 8] },
    weights: { dtype: "f32", dims: [8, columns], range: [-0.5, 0.5] },
    bias: { dtype: "f32", dims: [columns] },
    token_offset: exampleOffsets,
    cumulative_sequence_length: { dtype: "i32", dims: [4], data: [0, 1, 3, 7] },
    ...(added ? { attention_bias: { dtype: "f32" as const, dims: [1, 3, 4, 4] } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("plain", 36, false),
  of("values of another size, bias of scores", 30, true, { qkv_hidden_sizes: [12, 12, 6], scale: 0.4 }),
];
