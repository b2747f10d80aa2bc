// MultiHeadAttention of com.microsoft: attention over heads side by side, with a bias of Q, K and V, masks, and a cache.
import type { Dims, Value } from "../../graph/graph.js";
import { opaque, Poly } from "../../ir/poly.js";
import { attentionScores, attentionValues, attentionWeights, joinHeads, splitHeads } from "../attention-core.js";
import { requireDims } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import type {
  Attributes,
  Builder,
  Expansion,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import { requireMultiple } from "../required-sizes.js";
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

const op = "MultiHeadAttention";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: [
    "query",
    "key?",
    "value?",
    "bias?",
    "key_padding_mask?",
    "attention_bias?",
    "past_key?",
    "past_value?",
    "past_sequence_length?",
    "cache_indirection?",
  ],
  outputs: ["output", "present_key?", "present_value?", "qk?"],
  attributes: {
    num_heads: { type: "int", required: true },
    mask_filter_value: { type: "float", default: -10000 },
    scale: { type: "float" },
    unidirectional: { type: "int", default: 0 },
  },
  dtypes: ({ dtypes: { query } }) => ({ output: query!, present_key: query!, present_value: query!, qk: query! }),
  shape: node => outputDims(node),
  expand: (node, build) => {
    const { key_padding_mask: mask, attention_bias: bias } = node.inputs;
    // as in ONNX Runtime, a past that is not handed on is none
    const { past_key, past_value } = node.outputCount > 1 ? node.inputs : {};
    const { Q, K, V } = headsOf(node, build);
    const present_key = past_key ? build.node("Concat", [past_key, K], { axis: 2 }) : K;
    const present_value = past_value ? build.node("Concat", [past_value, V], { axis: 2 }) : V;
    const { mask_filter_value, unidirectional: causal } = node.attributes;
    const added = addedMask(build, { mask, bias, Q, K: present_key }, mask_filter_value);
    const settings = { scale: scaleOf(node.attributes), causal, pad_mask: 0 };
    const scores = attentionScores(build, { Q, K: present_key, mask: added, past: past_key }, settings);
    const weights = attentionWeights(build, scores, node.dtypes.query!);
    return { output: joinHeads(build, attentionValues(build, weights, present_value)), present_key, present_value };
  },
};

/** batch×heads×sequence×size of queries, keys and values, out of every form that they come in. */
function headsOf(node: Expansion, build: Builder): Readonly<Record<"Q" | "K" | "V", Value>> {
  const { query, key, value, bias } = node.inputs;
  const heads = node.attributes.num_heads as number;
  if (query!.dims!.length === 5) {
    const [Q, K, V] = [0, 1, 2].map(k => packedPart(build, query!, k)) as [Value, Value, Value];
    return { Q, K, V };
  }
  const hidden = bias ? query!.dims![2]!.constant : 0;
  const own = (x: Value, first: number, end: number): Value =>
    x.dims!.length === 4
      ? x
      : splitHeads(build, bias ? build.node("Add", [x, sliceOf(build, bias, 0, first, end)]) : x, heads);
  const Q = own(query!, 0, hidden);
  if (key!.dims!.length === 5) return { Q, K: packedPart(build, key!, 0), V: packedPart(build, key!, 1) };
  return { Q, K: own(key!, hidden, 2 * hidden), V: own(value!, 2 * hidden, Number.MAX_SAFE_INTEGER) };
}

/** batch×sequence×heads×parts×size: one part of them */
const packedPart = (build: Builder, x: Value, part: number): Value =>
  build.node("Transpose", [build.node("Gather", [x, build.constant("i64", [], [part])], { axis: 3 })], {
    perm: [0, 2, 1, 3],
  });

function outputDims(node: NodeInfo): Readonly<Record<string, Dims>> {
  const { query, key, value, past_key, bias } = node.dims;
  const heads = Poly.int(node.attributes.num_heads);
  const refused = ["past_sequence_length", "cache_indirection"].find(n => node.dims[n]);
  if (refused)
    refuse("operator-unsupported", op, node, `${refused} is for caches that are written in place; export without it`);
  const packed = query!.length === 5;
  if ((packed && (key || bias)) || (!packed && (query!.length !== 3 || !key)))
    refuse(
      "shape",
      op,
      node,
      `query of ${printDims(query!)} must be batch×sequence×hidden with a key, or batch×sequence×heads×3×size alone`,
    );
  if (bias) numberOfDim(op, node, query![2]!, "the last dim of query, which has a bias,");
  const past = { past_key: [4], past_value: [4] };
  requireRanks(op, node, { key: [3, 4, 5], value: [3, 4], bias: [1], attention_bias: [4], ...past });
  if (key && key.length !== 5 && !value)
    refuse("shape", op, node, `key of ${printDims(key)} needs a value; only batch×sequence×heads×2×size holds both`);
  if (key?.length === 5 && bias)
    refuse("operator-unsupported", op, node, "keys and values packed together have no bias; add it before");
  const [batch, sequence] = query as readonly Poly[] as readonly [Poly, Poly];
  const size = packed ? query![4]! : opaque("div", query![2]!, heads);
  const keys = packed ? sequence : key!.length === 4 ? key![2]! : key![1]!;
  const own = packed || key!.length === 5 ? size : value!.length === 4 ? value![3]! : opaque("div", value![2]!, heads);
  // as in ONNX Runtime, a past that is not handed on is none
  const total = keys.add((node.outputCount > 1 ? past_key?.[2] : undefined) ?? Poly.zero);
  requireParts(node, { keys, size, own, total });
  return {
    output: [batch, sequence, heads.mul(own)],
    present_key: [batch, heads, total, size],
    present_value: [batch, heads, total, own],
    qk: [batch, heads, sequence, total],
  };
}

interface Sizes {
  readonly keys: Poly;
  /** of a head of Q and K */
  readonly size: Poly;
  /** of a head of V */
  readonly own: Poly;
  readonly total: Poly;
}
/** Each input in the form that its rank says, of one batch and one number of heads. */
function requireParts(node: NodeInfo, { keys, size, own, total }: Sizes): void {
  const { query, key, value, past_key } = node.dims;
  const heads = Poly.int(node.attributes.num_heads);
  const [batch, sequence] = query as readonly Poly[] as readonly [Poly, Poly];
  const require = (name: string, wanted: Dims, layout: string): void => requireDims(op, node, name, wanted, layout);
  if (query!.length === 5) require("query", [batch, sequence, heads, Poly.int(3), size], "batch×sequence×heads×3×size");
  const sides = { query: query!.length === 3 ? query : undefined, value: value?.length === 3 ? value : undefined };
  for (const [name, dims] of Object.entries(sides))
    if (dims) {
      const sentence = `${name} of ${printDims(dims)} does not split into ${heads.print()} heads; set num_heads`;
      requireMultiple(op, node, dims[2]!, heads, sentence);
    }
  if (key?.length === 3) require("key", [batch, keys, query![2]!], "batch×keys×hidden");
  if (key?.length === 4) require("key", [batch, heads, keys, size], "batch×heads×keys×size");
  if (key?.length === 5) require("key", [batch, keys, heads, Poly.int(2), size], "batch×keys×heads×2×size");
  if (value?.length === 3) require("value", [batch, keys, value[2]!], "batch×keys×hidden");
  if (value?.length === 4) require("value", [batch, heads, keys, own], "batch×heads×keys×size");
  if (node.dims.bias) require("bias", [query![2]!.mul(2).add(heads.mul(own))], "the columns of Q, K and V together");
  const past = past_key?.[2] ?? Poly.zero;
  if (!past_key !== !node.dims.past_value)
    refuse("shape", op, node, "past_key and past_value belong together; give both or neither");
  require("past_key", [batch, heads, past, size], "batch×heads×past×size");
  require("past_value", [batch, heads, past, own], "batch×heads×past×size");
  const mask = node.dims.key_padding_mask;
  // beside a past that is not handed on, masks may be for its keys as well
  const keysOf = (dims: Dims): Poly => (past_key && node.outputCount === 1 ? dims.at(-1)! : total);
  if (mask?.length === 2) require("key_padding_mask", [batch, keysOf(mask)], "batch×keys");
  if (mask?.length === 3) require("key_padding_mask", [batch, sequence, keysOf(mask)], "batch×queries×keys");
  const added = node.dims.attention_bias;
  if (!added) return;
  const either = (dim: Poly, full: Poly): Poly => (dim.isOne ? dim : full);
  const scores = [either(added[0]!, batch), either(added[1]!, heads), sequence, keysOf(added)];
  require("attention_bias", scores, "batch×heads×queries×keys, of which the first two may be 1");
}

export const doc: OperatorDoc = {
  summary:
    "softmax(Q·Kᵀ)·V over heads, with a bias of Q, K and V, masks of keys, causality and a cache; Q, K and V apart or packed",
  dtypes: "float",
  opsets: [1, 1],
  limits:
    "a past counts where presents are outputs, as in ONNX Runtime; no caches in place (past_sequence_length, cache_indirection), no output qk",
};
/** that of Attention */
export const tolerance: Tolerance = { relative: 32, absolute: 32 };

function headsReferenceOf(
  { query, key, value, bias }: Readonly<Record<string, ReferenceTensor | undefined>>,
  heads: number,
) {
  const packedPartOf = (t: ReferenceTensor, part: number): ReferenceTensor => {
    const [B, S, N, , D] = t.dims as [number, number, number, number, number];
    const read = elements(t);
    return tabulate(t.dtype, [B, N, S, D], ([b, n, s, d]) => read([b!, s!, n!, part, d!])!);
  };
  const own = (t: ReferenceTensor, first: number): ReferenceTensor =>
    headsReference(bias && t.dims.length === 3 ? partReference(t, 0, t.dims[2]!, bias, first) : t, heads);
  if (query!.dims.length === 5)
    return { Q: packedPartOf(query!, 0), K: packedPartOf(query!, 1), V: packedPartOf(query!, 2) };
  const Q = own(query!, 0);
  if (key!.dims.length === 5) return { Q, K: packedPartOf(key!, 0), V: packedPartOf(key!, 1) };
  return { Q, K: own(key!, query!.dims[2]!), V: own(value!, 2 * query!.dims[2]!) };
}

export const reference: Reference = (inputs, attributes, node) => {
  const { num_heads, scale, unidirectional: causal, mask_filter_value: filter = -10000 } = attributes;
  const { Q, K, V } = headsReferenceOf(inputs, num_heads);
  const past = node.outputCount > 1 ? inputs : {};
  const present_key = appendedReference(past.past_key, K);
  const present_value = appendedReference(past.past_value, V);
  const mask = inputs.key_padding_mask;
  const masks = [
    ...(mask ? [maskReference({ mask, Q, K: present_key }, { filter }, node).M!] : []),
    ...(inputs.attention_bias ? [inputs.attention_bias] : []),
  ];
  const settings = { scale: scale || undefined, causal };
  const Y = attentionReference({ Q, K: present_key, V: present_value }, settings, { masks, past: past.past_key });
  return { output: joinedReference(Y), present_key, present_value };
};

interface Shapes {
  readonly query?: readonly number[];
  readonly key?: readonly number[];
  readonly value?: readonly number[];
  readonly bias?: boolean;
  readonly mask?: readonly number[];
  readonly lengths?: readonly number[];
  readonly added?: readonly number[];
  readonly past?: number;
  readonly presents?: boolean;
}
function of(name: string, s: Shapes, attributes: Attributes = {}, dtype: "f32" | "f16" | "f64" = "f32"): OperatorCase {
  const { query = [2, 5, 12], mask, lengths, added, past } = s;
  const apart = query.length === 3;
  const key = s.key ?? (apart ? [2, 5, 12] : undefined);
  const value = s.value ?? (apart && key!.length === 3 ? key : undefined);
  const cache = { dtype, dims: [2, 3, past ?? 0, 4] };
  return {
    name: `${dtype} ${name}`,
    attributes: { num_heads: 3, ...attributes },
    outputCount: past === undefined || s.presents === false ? 1 : 3,
    inputs: {
      query: { dtype, dims: query },
      ...(key ? { key: { dtype, dims: key } } : {}),
      ...(value ? { value: { dtype, dims: value } } : {}),
      ...(s.bias ? { bias: { dtype, dims: [24 + value!.at(-1)!] } } : {}),
      ...(mask
        ? {
            key_padding_mask: {
              dtype: "i32",
              dims: mask,
              ...(lengths ? { data: lengths } : { range: [0, 1] as const }),
            },
          }
        : {}),
      ...(added ? { attention_bias: { dtype, dims: added } } : {}),
      ...(past === undefined ? {} : { past_key: cache, past_value: cache }),
    },
  };
}
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("plain", {}, {}, d as "f32")),
  of("bias, causal, scale", { bias: true }, { unidirectional: 1, scale: 0.3 }),
  of("cross attention, values of another size", { key: [2, 7, 12], value: [2, 7, 6], bias: true }),
  of("packed keys and values", { key: [2, 7, 3, 2, 4] }),
  of("all packed", { query: [2, 5, 3, 3, 4] }),
  of("keys by heads", { key: [2, 3, 7, 4], value: [2, 3, 7, 4] }),
  of("numbers of keys", { mask: [2], lengths: [5, 2] }),
  of("mask of keys and bias of scores", { mask: [2, 5], added: [1, 3, 5, 5] }),
  of("mask by query", { mask: [2, 5, 5] }),
  of("cache", { past: 3 }),
  of("cache, causal, bias of scores", { past: 3, added: [2, 1, 5, 8] }, { unidirectional: 1 }),
  of("cache that is not handed on", { past: 3, presents: false }),
  of("empty cache", { past: 0 }),
];
