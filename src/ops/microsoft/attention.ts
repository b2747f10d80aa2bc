// Attention of com.microsoft: Q, K and V are projected from one input by one matrix, then attention over heads, with masks and a cache.
import type { Dims, Value } from "../../graph/graph.js";
import { opaque, Poly } from "../../ir/poly.js";
import { attentionScores, attentionValues, attentionWeights, joinHeads, splitHeads } from "../attention-core.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import { reference as matMul } from "../mat-mul.js";
import type {
  Attributes,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import {
  addedMask,
  appendedReference,
  attentionReference,
  headsReference,
  joinedReference,
  numberOfDim,
  partReference,
  scaleOf,
  sliceOf,
} from "./attention-parts.js";
import { reference as maskReference } from "./key-mask.js";

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
    const { num_heads, unidirectional: causal, mask_filter_value } = node.attributes;
    const product = build.node("MatMul", [input, weights]);
    const all = bias ? build.node("Add", [product, bias]) : product;
    let first = 0;
    const [Q, K, V] = sizesOf(node).map(size => {
      first += size;
      return splitHeads(build, sliceOf(build, all, 2, first - size, first), num_heads);
    }) as [Value, Value, Value];
    const old = (k: number): Value | undefined =>
      past && build.node("Gather", [past, build.constant("i64", [], [k])], { axis: 0 });
    const appended = (before: Value | undefined, x: Value): Value =>
      before ? build.node("Concat", [before, x], { axis: 2 }) : x;
    const oldKeys = old(0);
    const [keys, values] = [appended(oldKeys, K), appended(old(1), V)];
    const added = addedMask(build, { mask, bias: attention_bias, Q, K: keys }, mask_filter_value);
    const settings = { scale: scaleOf(node.attributes), causal, pad_mask: 0 };
    const scores = attentionScores(build, { Q, K: keys, mask: added, past: oldKeys }, settings);
    const Y = attentionValues(build, attentionWeights(build, scores, node.dtypes.input!), values);
    const output = joinHeads(build, Y);
    if (!node.wanted.includes("present")) return { output } as Record<string, Value>;
    const zero = build.constant("i64", [1], [0]);
    const present = build.node(
      "Concat",
      [keys, values].map(x => build.node("Unsqueeze", [x, zero])),
      { axis: 0 },
    );
    return { output, present };
  },
};

/** How many columns Q, K and V have. */
function sizesOf(node: NodeInfo): readonly [number, number, number] {
  const { qkv_hidden_sizes: sizes, num_heads } = node.attributes;
  const columns = numberOfDim(op, node, node.dims.weights![1]!, "the last dim of weights");
  const given = (sizes as readonly number[] | undefined)?.length
    ? (sizes as readonly number[])
    : [1, 2, 3].map(() => columns / 3);
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
  return given as readonly number[] as readonly [number, number, number];
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
  const size = opaque("div", Poly.int(value), Poly.int(num_heads));
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

function half(past: ReferenceTensor | undefined, k: number): ReferenceTensor | undefined {
  if (!past) return undefined;
  const read = elements(past);
  return tabulate(past.dtype, past.dims.slice(1), i => read([k, ...i])!);
}

export const reference: Reference = (inputs, attributes, node) => {
  const { num_heads, scale, unidirectional: causal, mask_filter_value: filter = -10000, qkv_hidden_sizes } = attributes;
  const all = matMul({ A: inputs.input!, B: inputs.weights! }, {}, node).Y!;
  const columns = inputs.weights!.dims[1]!;
  const [q, k, v] = qkv_hidden_sizes?.length ? qkv_hidden_sizes : [columns / 3, columns / 3, columns / 3];
  const part = (first: number, size: number): ReferenceTensor =>
    headsReference(partReference(all, first, first + size, inputs.bias), num_heads);
  const Q = part(0, q);
  const K = appendedReference(half(inputs.past, 0), part(q, k));
  const V = appendedReference(half(inputs.past, 1), part(q + k, v));
  const mask = inputs.mask_index;
  const masks = [
    ...(mask ? [maskReference({ mask, Q, K }, { filter }, node).M!] : []),
    ...(inputs.attention_bias ? [inputs.attention_bias] : []),
  ];
  const Y = attentionReference(
    { Q, K, V },
    { scale: scale || undefined, causal },
    { masks, past: half(inputs.past, 0) },
  );
  const [readK, readV] = [elements(K), elements(V)];
  const present = tabulate(K.dtype, [2, ...K.dims], i => (i[0] === 0 ? readK : readV)(i.slice(1))!);
  return { output: joinedReference(Y), ...(K.dims[3] === V.dims[3] ? { present } : {}) };
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
