// Attention of com.microsoft: Q, K and V are projected from one input by one matrix, then attention over heads, with masks and a cache.
import type { Dims } from "../../graph/graph.js";
import { opaque, Poly } from "../../ir/poly.js";
import { requireDims } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import { reference as matMul } from "../mat-mul.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { numberOfDim, partReference } from "./attention-parts.js";
import type { Sizes } from "./projected-attention.js";
import { projectedAttention, projectedAttentionReference, thirds } from "./projected-attention.js";

const op = "Attention";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["input", "weights", "bias?", "mask_index?", "past?", "attention_bias?", "past_sequence_length?"],
  outputs: ["output", "present?"],
  attributes: {
    num_heads: { type: "int", required: true },
    unidirectional: { type: "int", default: 0 },
    qkv_hidden_sizes: { type: "ints" },
    mask_filter_value: { type: "float", default: -10000 },
    scale: { type: "float" },
    do_rotary: { type: "int", default: 0 },
    rotary_embedding_dim: { type: "int", default: 0 },
    past_present_share_buffer: { type: "int", default: 0 },
  },
  shape: node => outputDims(node),
  expand: (node, build) => {
    const { input, weights, bias, mask_index: mask, past, attention_bias } = node.inputs;
    const product = build.node("MatMul", [input, weights]);
    const projected = bias ? build.node("Add", [product, bias]) : product;
    return projectedAttention(node, build, { projected, mask, past, bias: attention_bias }, sizesOf(node));
  },
};

function sizesOf(node: NodeInfo): Sizes {
  const { qkv_hidden_sizes: sizes, num_heads } = node.attributes;
  const columns = numberOfDim(op, node, node.dims.weights![1]!, "the last dim of weights");
  const given = (sizes as readonly number[] | undefined)?.length ? (sizes as readonly number[]) : thirds(columns);
  const sum = given.reduce((a, b) => a + b, 0);
  if (
    given.length !== 3 ||
    sum !== columns ||
    given.some(s => !Number.isInteger(s / num_heads)) ||
    given[0] !== given[1]
  )
    refuse(
      "shape",
      op,
      node,
      `${columns} columns of weights are not Q, K and V for ${num_heads} heads; set num_heads and qkv_hidden_sizes`,
    );
  return given as Sizes;
}

function outputDims(node: NodeInfo): Readonly<Record<string, Dims>> {
  const { do_rotary, past_present_share_buffer, num_heads } = node.attributes;
  const { input, past } = node.dims;
  if (do_rotary || past_present_share_buffer || node.dims.past_sequence_length)
    refuse("operator-unsupported", op, node, "do_rotary and caches in place are for GPUs; export without them");
  if (input!.length !== 3) refuse("shape", op, node, `input is ${printDims(input!)}; it must be batch×sequence×hidden`);
  requireRanks(op, node, { weights: [2], bias: [1], past: [5], mask_index: [1, 2, 3, 4], attention_bias: [4] });
  const [, , value] = sizesOf(node);
  const [batch, sequence] = input as readonly Poly[] as readonly [Poly, Poly];
  const total = sequence.add(past?.[3] ?? Poly.zero);
  const [heads, size] = [Poly.int(num_heads), opaque("div", Poly.int(value), Poly.int(num_heads))];
  const { mask_index: mask, attention_bias: added } = node.dims;
  requireDims(op, node, "weights", [input![2]!, node.dims.weights![1]!], "hidden×(columns of Q, K and V)");
  requireDims(op, node, "bias", [node.dims.weights![1]!], "a number for each column of weights");
  requireDims(op, node, "past", [Poly.int(2), batch, heads, past?.[3] ?? Poly.zero, size], "2×batch×heads×past×size");
  if (mask?.length === 2) requireDims(op, node, "mask_index", [batch, total], "batch×keys");
  if (mask?.length === 3) requireDims(op, node, "mask_index", [batch, sequence, total], "batch×queries×keys");
  if (added) {
    const either = (dim: Poly, full: Poly): Poly => (dim.isOne ? dim : full);
    const scores = [either(added[0]!, batch), either(added[1]!, heads), sequence, total];
    requireDims(op, node, "attention_bias", scores, "batch×heads×queries×keys, of which the first two may be 1");
  }
  return {
    output: [batch, sequence, Poly.int(value)],
    present: [Poly.int(2), batch, Poly.int(num_heads), total, size],
  };
}

export const doc: OperatorDoc = {
  summary: "Q, K and V = input · weights + bias; softmax(Q·Kᵀ)·V over heads, with masks of keys, causality and a cache",
  dtypes: "float",
  opsets: [1, 1],
  limits: "no do_rotary, no caches in place",
};
/** three contractions and a softmax */
export const tolerance: Tolerance = { relative: 64, absolute: 64 };

export const reference: Reference = (inputs, attributes, node) => {
  const product = matMul({ A: inputs.input!, B: inputs.weights! }, {}, node).Y!;
  const projected = partReference(product, 0, product.dims[2]!, inputs.bias);
  const columns = inputs.weights!.dims[1]!;
  const { mask_index: mask, past, attention_bias: bias } = inputs;
  const sizes = attributes.qkv_hidden_sizes?.length ? attributes.qkv_hidden_sizes : thirds(columns);
  return projectedAttentionReference({ projected, mask, past, bias }, attributes, node, sizes);
};

interface More {
  readonly bias?: boolean;
  readonly mask?: readonly number[];
  readonly data?: readonly number[];
  readonly added?: readonly number[];
  readonly past?: number;
  readonly columns?: number;
}
function of(
  name: string,
  m: More = {},
  attributes: Attributes = {},
  dtype: "f32" | "f16" | "f64" = "f32",
): OperatorCase {
  const { bias = true, mask, data, added, past, columns = 36 } = m;
  return {
    name: `${dtype} ${name}`,
    attributes: { num_heads: 3, ...attributes },
    outputCount: past === undefined ? 1 : 2,
    inputs: {
      input: { dtype, dims: [2, 5, 8] },
      weights: { dtype, dims: [8, columns], range: [-0.5, 0.5] },
      ...(bias ? { bias: { dtype, dims: [columns] } } : {}),
      ...(mask ? { mask_index: { dtype: "i32", dims: mask, ...(data ? { data } : { range: [0, 1] as const }) } } : {}),
      ...(past === undefined ? {} : { past: { dtype, dims: [2, 2, 3, past, 4] } }),
      ...(added ? { attention_bias: { dtype, dims: added } } : {}),
    },
  };
}
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("plain", {}, {}, d as "f32")),
  of("causal, scale", {}, { unidirectional: 1, scale: 0.4 }),
  of("values of another size", { columns: 30 }, { qkv_hidden_sizes: [12, 12, 6] }),
  of("numbers of keys", { mask: [2], data: [5, 2] }),
  of("ends and starts", { mask: [4], data: [5, 4, 1, 0] }),
  of("mask of keys, bias of scores", { mask: [2, 5], added: [2, 3, 5, 5] }),
  of("mask by query", { mask: [2, 5, 5] }),
  of("cache, causal", { past: 3 }, { unidirectional: 1 }),
  of("empty cache", { past: 0 }),
];
