// Attention: softmax(Q·Kᵀ) · V over heads, with masks, a cache of keys and values, groups of heads, soft caps and lengths.
import type { Dims, Value } from "../graph/graph.js";
import { opaque, Poly } from "../ir/poly.js";
import { attentionScores, attentionValues, attentionWeights, joinHeads, splitHeads } from "./attention-core.js";
import { scoresReference } from "./attention-scores.js";
import { valuesReference } from "./attention-values.js";
import { weightsOfRow } from "./attention-weights.js";
import { requireDims, requireEqual } from "./broadcast.js";
import { printDims, refuse, requireRanks } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { onnxCodeOf } from "./onnx-dtypes.js";
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
} from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";
import { requireAtMost, requireEither, requireMultiple } from "./required-sizes.js";
import { mapRows } from "./softmax.js";

export const operator: Operator = {
  name: "Attention",
  inputs: ["Q", "K", "V", "attn_mask?", "past_key?", "past_value?", "nonpad_kv_seqlen?"],
  outputs: ["Y", "present_key?", "present_value?", "qk_matmul_output?"],
  attributes: {
    is_causal: { type: "int", default: 0 },
    kv_num_heads: { type: "int" },
    left_window_size: { type: "int", default: -1 },
    q_num_heads: { type: "int" },
    qk_matmul_output_mode: { type: "int", default: 0 },
    right_window_size: { type: "int", default: -1 },
    scale: { type: "float" },
    softcap: { type: "float", default: 0 },
    // scores are kept in f32 or wider in any case
    softmax_precision: { type: "int" },
  },
  dtypes: ({ dtypes }) => ({
    Y: dtypes.Q!,
    present_key: dtypes.K!,
    present_value: dtypes.V!,
    qk_matmul_output: dtypes.Q!,
  }),
  shape: node => attentionDims(node),
  expand: (node, build) => {
    const { inputs, attributes } = node;
    const [Q, K, V] = ["Q", "K", "V"].map(name => headsOf(node, build, name)) as [Value, Value, Value];
    const present_key = inputs.past_key ? build.node("Concat", [inputs.past_key, K], { axis: 2 }) : K;
    const present_value = inputs.past_value ? build.node("Concat", [inputs.past_value, V], { axis: 2 }) : V;
    const scored = {
      Q,
      K: present_key,
      mask: inputs.attn_mask,
      lengths: inputs.nonpad_kv_seqlen,
      past: inputs.past_key,
    };
    const { scale, softcap, is_causal, left_window_size: left, right_window_size: right } = attributes;
    const settings = { scale, softcap, causal: is_causal, pad_mask: node.opset < 24 ? 0 : 1, left, right };
    const scores = attentionScores(build, scored, settings);
    const weights = attentionWeights(build, scores, node.dtypes.V!);
    const values = attentionValues(build, weights, present_value);
    const out = { Y: node.dims.Q!.length === 3 ? joinHeads(build, values) : values, present_key, present_value };
    if (!node.wanted.includes("qk_matmul_output")) return out;
    const unmasked = { Q, K: present_key };
    const compared: readonly (() => Value)[] = [
      () => attentionScores(build, unmasked, { scale }),
      () => attentionScores(build, unmasked, { scale, softcap }),
      () => scores,
      () => weights,
    ];
    const qk = compared[attributes.qk_matmul_output_mode as number]!();
    return { ...out, qk_matmul_output: build.node("Cast", [qk], { to: onnxCodeOf(node.dtypes.Q!) }) };
  },
};

/** batch×heads×sequence×size of an input; three dims have the heads side by side in the last. */
function headsOf({ inputs, attributes }: Expansion, build: Builder, name: string): Value {
  const x = inputs[name]!;
  if (x.dims!.length === 4) return x;
  return splitHeads(build, x, name === "Q" ? attributes.q_num_heads : attributes.kv_num_heads);
}

function dimsByHead(node: NodeInfo, name: string): readonly [Poly, Poly, Poly, Poly] {
  const dims = node.dims[name]!;
  if (dims.length === 4) return dims as readonly Poly[] as readonly [Poly, Poly, Poly, Poly];
  const attribute = name === "Q" ? "q_num_heads" : "kv_num_heads";
  const heads = node.attributes[attribute] as number | undefined;
  if (dims.length !== 3 || !heads)
    refuse(
      "shape",
      "Attention",
      node,
      `${name} of ${printDims(dims)} must be batch×heads×sequence×size, or batch×sequence×(heads·size) with the attribute ${attribute}`,
    );
  const [batch, sequence, hidden] = dims as readonly Poly[] as readonly [Poly, Poly, Poly];
  const sentence = `${name} of ${printDims(dims)} does not split into ${heads} heads; set ${attribute}`;
  requireMultiple("Attention", node, hidden, heads, sentence);
  return [batch, Poly.int(heads), sequence, opaque("div", hidden, Poly.int(heads))];
}

function attentionDims(node: NodeInfo): Readonly<Record<string, Dims>> {
  const [Q, K, V] = [dimsByHead(node, "Q"), dimsByHead(node, "K"), dimsByHead(node, "V")];
  const sentence = `${Q[1].print()} heads of Q are no multiple of ${K[1].print()} heads of K; each head of K serves as many of Q`;
  requireMultiple("Attention", node, Q[1], K[1], sentence);
  requireParts(node, Q, K, V);
  const mode = node.attributes.qk_matmul_output_mode as number;
  if (![0, 1, 2, 3].includes(mode))
    refuse("operator-attribute", "Attention", node, `qk_matmul_output_mode ${mode} is unknown; use 0, 1, 2 or 3`);
  const past = (name: string): Poly => node.dims[name]?.[2] ?? Poly.zero;
  const keys = K[2].add(past("past_key"));
  const Y = [Q[0], Q[1], Q[2], V[3]];
  return {
    Y: node.dims.Q!.length === 3 ? [Q[0], Q[2], Q[1].mul(V[3])] : Y,
    present_key: [K[0], K[1], keys, K[3]],
    present_value: [V[0], V[1], V[2].add(past("past_value")), V[3]],
    qk_matmul_output: [Q[0], Q[1], Q[2], keys],
  };
}

type ByHead = ReturnType<typeof dimsByHead>;

/** K, V, the cache and the mask must be of one batch, and agree in their heads, keys and sizes. */
function requireParts(node: NodeInfo, Q: ByHead, K: ByHead, V: ByHead): void {
  const sentence = `Q of ${printDims(Q)}, K of ${printDims(K)} and V of ${printDims(V)}, as batch×heads×sequence×size, do not agree; K has the batch and the size of Q, V the batch, heads and sequence of K`;
  const pairs = [[Q[0], K[0]], [Q[3], K[3]], ...[0, 1, 2].map(d => [K[d]!, V[d]!] as const)] as const;
  for (const [a, b] of pairs) requireEqual("Attention", node, a!, b!, sentence);
  const { past_key, past_value, attn_mask } = node.dims;
  if (!past_key !== !past_value)
    refuse("shape", "Attention", node, "past_key and past_value belong together; give both or neither");
  const layout = "batch×heads×past×size";
  requireDims("Attention", node, "past_key", [K[0], K[1], past_key?.[2] ?? Poly.zero, K[3]], layout);
  requireDims("Attention", node, "past_value", [V[0], V[1], past_key?.[2] ?? Poly.zero, V[3]], layout);
  requireDims("Attention", node, "nonpad_kv_seqlen", [Q[0]], "batch");
  if (!attn_mask) return;
  requireRanks("Attention", node, { attn_mask: [1, 2, 3, 4] });
  const keys = K[2].add(past_key?.[2] ?? Poly.zero);
  const scores = [Q[0], Q[1], Q[2], keys];
  const fits = `attn_mask of ${printDims(attn_mask)} does not broadcast to the scores, ${printDims(scores)}; from the right, its dims must be equal or 1`;
  attn_mask.forEach((d, k) => {
    const want = scores[4 - attn_mask.length + k]!;
    // from opset 24 on, a mask may be shorter than the keys: those behind it are hidden
    if (want === keys && node.opset >= 24) requireAtMost("Attention", node, d, keys, fits);
    else requireEither("Attention", node, d, [1, want], fits);
  });
}

export const doc: OperatorDoc = {
  summary:
    "softmax(Q·Kᵀ)·V over heads, with masks, causality, windows, a cache of keys and values, groups of heads, soft caps and lengths",
  dtypes: "float",
  opsets: [23, 25],
};
/** the second factor of a softmax and two contractions */
export const tolerance: Tolerance = { relative: 32, absolute: 32 };

/** Rows of heads side by side become batch×heads×sequence×size. */
function byHead(t: ReferenceTensor, heads: number): ReferenceTensor {
  if (t.dims.length === 4) return t;
  const [B, S, hidden] = t.dims as [number, number, number];
  const size = hidden / heads;
  const read = elements(t);
  return tabulate(t.dtype, [B, heads, S, size], ([b, h, s, d]) => read([b!, s!, h! * size + d!])!);
}
function appended(past: ReferenceTensor | undefined, t: ReferenceTensor): ReferenceTensor {
  if (!past) return t;
  const before = past.dims[2]!;
  const [old, own] = [elements(past), elements(t)];
  const dims = t.dims.with(2, before + t.dims[2]!);
  return tabulate(t.dtype, dims, i => (i[2]! < before ? old(i)! : own(i.with(2, i[2]! - before))!));
}

export const reference: Reference = (inputs, attributes, { opset }) => {
  const { q_num_heads, kv_num_heads, scale, softcap, is_causal: causal, qk_matmul_output_mode: mode = 0 } = attributes;
  const Q = byHead(inputs.Q!, q_num_heads);
  const K = appended(inputs.past_key, byHead(inputs.K!, kv_num_heads));
  const V = appended(inputs.past_value, byHead(inputs.V!, kv_num_heads));
  const pad_mask = opset < 24 ? 0 : 1;
  const { left_window_size: left = -1, right_window_size: right = -1 } = attributes;
  const masks = { mask: inputs.attn_mask, lengths: inputs.nonpad_kv_seqlen, past: inputs.past_key };
  const scores = scoresReference({ Q, K, ...masks }, { scale, softcap, causal, pad_mask, left, right });
  const weights = mapRows(scores, {}, 13, weightsOfRow);
  const values = valuesReference(weights, V);
  const compared = [
    scoresReference({ Q, K }, { scale }),
    scoresReference({ Q, K }, { scale, softcap }),
    scores,
    weights,
  ];
  const read = elements(values);
  const [B, H, S, E] = values.dims as [number, number, number, number];
  const side = (): ReferenceTensor =>
    tabulate(values.dtype, [B, S, H * E], ([b, s, i]) => read([b!, Math.floor(i! / E), s!, i! % E])!);
  return {
    Y: inputs.Q!.dims.length === 3 ? side() : values,
    present_key: K,
    present_value: V,
    qk_matmul_output: { ...compared[mode]!, dtype: Q.dtype },
  };
};

type Shape = readonly number[];
interface Shapes {
  readonly Q: Shape;
  readonly K: Shape;
  readonly V: Shape;
  readonly mask?: Shape;
  readonly past?: Shape;
}
const of = (
  name: string,
  { Q, K, V, mask, past }: Shapes,
  attributes: Attributes = {},
  dtype: "f32" | "f16" | "f64" = "f32",
  outputCount = 1,
): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  outputCount,
  inputs: {
    Q: { dtype, dims: Q },
    K: { dtype, dims: K },
    V: { dtype, dims: V },
    ...(mask ? { attn_mask: { dtype, dims: mask } } : {}),
    ...(past ? { past_key: { dtype, dims: past }, past_value: { dtype, dims: [...past.slice(0, 3), V.at(-1)!] } } : {}),
  },
});
const plain: Shapes = { Q: [2, 3, 5, 8], K: [2, 3, 7, 8], V: [2, 3, 7, 4] };
const grouped: Shapes = { Q: [2, 6, 5, 8], K: [2, 2, 7, 8], V: [2, 2, 7, 4] };
const flat: Shapes = { Q: [2, 5, 24], K: [2, 7, 8], V: [2, 7, 8] };
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("four dims", plain, {}, d as "f32")),
  of("grouped heads", grouped, { scale: 0.2, softcap: 3 }),
  of("three dims, grouped heads", flat, { q_num_heads: 6, kv_num_heads: 2 }),
  of("mask and past", { ...grouped, mask: [2, 1, 5, 10], past: [2, 2, 3, 8] }, { is_causal: 1 }),
  ...[0, 1, 2, 3].map(mode =>
    of(
      `all outputs, mode ${mode}`,
      { ...plain, mask: [5, 9], past: [2, 3, 2, 8] },
      { qk_matmul_output_mode: mode, softcap: 2 },
      "f32",
      4,
    ),
  ),
  of("one query", { Q: [1, 4, 1, 16], K: [1, 2, 17, 16], V: [1, 2, 17, 16] }),
];
