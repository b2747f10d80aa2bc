// GroupQueryAttention of com.microsoft: causal attention in which heads of keys serve groups of queries', behind a cache that each
// batch has filled to a length of its own; positions may be rotated in.
import type { Dims, Value } from "../../graph/graph.js";
import { opaque, Poly } from "../../ir/poly.js";
import { attention, joinHeads, splitHeads } from "../attention-core.js";
import { requireDims, requireEqual } from "../broadcast.js";
import { isOther, printDims, refuse, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
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
import { elementOf, numbersOf, tabulate, vectorOf } from "../reference-tensors.js";
import { reference as rotary } from "../rotary-embedding.js";
import {
  attentionReference,
  headsReference,
  joinedReference,
  numberOfDim,
  partReference,
  scaleOf,
  sliceOf,
} from "./attention-parts.js";
import { reference as cacheReference } from "./key-value-cache.js";

const op = "GroupQueryAttention";
const names = ["query", "key", "value"] as const;
const pairs = [
  ["key", "value"],
  ["past_key", "past_value"],
  ["cos_cache", "sin_cache"],
] as const;

/** a window of so many keys, the query's own among them; −1: all */
const leftOf = (window: number): number => Math.max(window, 0) - 1;

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: [
    "query",
    "key?",
    "value?",
    "past_key?",
    "past_value?",
    "seqlens_k",
    "total_sequence_length",
    "cos_cache?",
    "sin_cache?",
    "position_ids?",
    "attention_bias?",
    "head_sink?",
    "k_scale?",
    "v_scale?",
  ],
  outputs: ["output", "present_key?", "present_value?", "output_qk?"],
  attributes: {
    num_heads: { type: "int", required: true },
    kv_num_heads: { type: "int", required: true },
    do_rotary: { type: "int", default: 0 },
    rotary_interleaved: { type: "int", default: 0 },
    local_window_size: { type: "int", default: -1 },
    scale: { type: "float" },
    softcap: { type: "float", default: 0 },
    smooth_softmax: { type: "int", default: 0 },
    qk_output: { type: "int", default: 0 },
    k_quant_type: { type: "string", default: "NONE" },
    v_quant_type: { type: "string", default: "NONE" },
    kv_cache_bit_width: { type: "int", default: 0 },
  },
  dtypes: ({ dtypes: { query } }) => ({
    output: query!,
    present_key: query!,
    present_value: query!,
    output_qk: query!,
  }),
  shape: node => outputDims(node),
  expand: (node, build) => {
    const { past_key, past_value, attention_bias: mask } = node.inputs;
    const { softcap, local_window_size: window, do_rotary } = node.attributes;
    const [query, key, V] = headsOf(node, build);
    const starts = startsOf(node, build, query);
    const positions = do_rotary === 1 ? (node.inputs.position_ids ?? positionsOf(build, starts, query)) : undefined;
    const turn = (x: Value): Value => (positions ? rotated(node, build, x, positions) : x);
    const [Q, K] = [turn(query), turn(key)];
    const cached = (past: Value | undefined, x: Value): Value =>
      past ? build.node("KeyValueCache", [past, x, starts], {}, "azulejo") : x;
    const [present_key, present_value] = [cached(past_key, K), cached(past_value, V)];
    const lengths = build.node("Add", [starts, sequenceOf(build, query)]);
    const settings = { scale: scaleOf(node.attributes), softcap, causal: 1, pad_mask: 0, left: leftOf(window) };
    const Y = attention(build, { Q, K: present_key, V: present_value, mask, lengths }, settings, node.dtypes.query!);
    return { output: joinHeads(build, Y), present_key, present_value };
  },
};

/** Queries, keys and values by heads; without a key they lie side by side in query. */
function headsOf({ inputs, attributes, ...node }: Expansion, build: Builder): readonly [Value, Value, Value] {
  const { num_heads: heads, kv_num_heads: groups } = attributes;
  const counts = [heads, groups, groups] as const;
  if (inputs.key) return names.map((n, k) => splitHeads(build, inputs[n]!, counts[k]!)) as [Value, Value, Value];
  const size =
    numberOfDim(op, { ...node, attributes }, inputs.query!.dims![2]!, "the last dim of a packed query") /
    (heads + 2 * groups);
  let first = 0;
  return counts.map(count => {
    const start = first;
    first += count * size;
    return splitHeads(build, sliceOf(build, inputs.query!, 2, start, first), count);
  }) as readonly Value[] as readonly [Value, Value, Value];
}

/** The length of the sequence, as a scalar. */
const sequenceOf = (build: Builder, heads: Value): Value =>
  build.node("Gather", [build.node("Shape", [heads]), build.constant("i64", [], [2])]);

/** How much of the past each batch has: seqlens_k is its last position, this run's tokens included. */
function startsOf({ inputs }: Expansion, build: Builder, query: Value): Value {
  const last = build.node("Cast", [build.node("Reshape", [inputs.seqlens_k, build.constant("i64", [1], [-1])])], {
    to: onnxCodeOf("i64"),
  });
  const total = build.node("Add", [last, build.constant("i64", [], [1])]);
  // prompts of several lengths are padded at their ends: they begin at 0
  return build.node("Max", [build.node("Sub", [total, sequenceOf(build, query)]), build.constant("i64", [], [0])]);
}

function positionsOf(build: Builder, starts: Value, query: Value): Value {
  const row = build.node("Range", [
    build.constant("i64", [], [0]),
    sequenceOf(build, query),
    build.constant("i64", [], [1]),
  ]);
  return build.node("Add", [build.node("Unsqueeze", [starts, build.constant("i64", [1], [1])]), row]);
}

function rotated({ inputs, attributes }: Expansion, build: Builder, x: Value, positions: Value): Value {
  const { cos_cache, sin_cache } = inputs;
  const turned = 2 * cos_cache!.dims![1]!.constant;
  return build.node("RotaryEmbedding", [x, cos_cache, sin_cache, positions], {
    interleaved: attributes.rotary_interleaved,
    rotary_embedding_dim: turned,
  });
}

/** Each input of one batch, one sequence and one size of heads. */
function requireParts(node: NodeInfo, { size, total }: { readonly size: Poly; readonly total: Poly }): void {
  const { query, past_key, attention_bias: added } = node.dims;
  const [batch, sequence] = query as readonly Poly[] as readonly [Poly, Poly];
  const [heads, groups] = [Poly.int(node.attributes.num_heads), Poly.int(node.attributes.kv_num_heads)];
  for (const [a, b] of pairs)
    if (!node.dims[a] !== !node.dims[b])
      refuse("shape", op, node, `${a} and ${b} belong together; give both or neither`);
  for (const name of ["key", "value"])
    requireDims(op, node, name, [batch, sequence, groups.mul(size)], "batch×sequence×(heads of keys · size)");
  for (const name of ["past_key", "past_value"])
    requireDims(op, node, name, [batch, groups, past_key?.[2] ?? Poly.zero, size], "batch×heads of keys×past×size");
  for (const [name, count] of [["seqlens_k", batch] as const, ["total_sequence_length", Poly.one] as const]) {
    const dims = node.dims[name]!;
    const sentence = `${name} of ${printDims(dims)} must have ${count.print()} elements; change it or the batch`;
    requireEqual(op, node, Poly.product(dims), count, sentence);
  }
  requireDims(op, node, "position_ids", [batch, sequence], "batch×sequence");
  if (!added) return;
  requireRanks(op, node, { attention_bias: [4] });
  const either = (dim: Poly, full: Poly): Poly => (dim.isOne ? dim : full);
  const scores = [either(added[0]!, batch), either(added[1]!, heads), sequence, total];
  requireDims(op, node, "attention_bias", scores, "batch×heads×queries×keys, of which the first two may be 1");
}

/** Cosines and sines for the first elements of each head, two of which turn by one angle. */
function requireAngles(node: NodeInfo, size: Poly): void {
  const { cos_cache: angles, query } = node.dims;
  if (!angles) refuse("shape", op, node, "do_rotary needs cos_cache and sin_cache; give both, or leave do_rotary out");
  requireRanks(op, node, { cos_cache: [2], sin_cache: [2] });
  const turned = 2 * numberOfDim(op, node, angles[1]!, "the last dim of cos_cache");
  numberOfDim(op, node, query![2]!, "the last dim of query, whose heads are rotated,");
  requireDims(op, node, "sin_cache", angles, "the dims of cos_cache");
  if (turned > size.constant)
    refuse(
      "shape",
      op,
      node,
      `cos_cache of ${printDims(angles)} turns ${turned} elements of heads that have ${size.print()}; it must have half as many columns at most`,
    );
}

function outputDims(node: NodeInfo): Readonly<Record<string, Dims>> {
  const { query, key, past_key } = node.dims;
  const {
    num_heads,
    kv_num_heads,
    smooth_softmax,
    do_rotary,
    k_quant_type,
    v_quant_type,
    local_window_size: window,
  } = node.attributes;
  if (smooth_softmax > 0 || node.dims.head_sink)
    refuse("operator-unsupported", op, node, "smooth_softmax and head_sink are not supported; export without them");
  if (node.dims.k_scale || node.dims.v_scale || k_quant_type !== "NONE" || v_quant_type !== "NONE")
    refuse(
      "operator-unsupported",
      op,
      node,
      "quantised caches are not supported; export with caches in the dtype of query",
    );
  if (window !== -1 && window < 1)
    refuse("operator-attribute", op, node, `local_window_size ${window} holds no key; use 1 or more, or −1 for all`);
  requireRanks(op, node, { query: [3], key: [3], value: [3], past_key: [4], past_value: [4] });
  if (num_heads % kv_num_heads !== 0)
    refuse(
      "operator-attribute",
      op,
      node,
      `${num_heads} heads are no multiple of ${kv_num_heads} heads of keys; each head of keys serves as many`,
    );
  const [batch, sequence, hidden] = query as readonly Poly[] as readonly [Poly, Poly, Poly];
  const heads = Poly.int(key ? num_heads : num_heads + 2 * kv_num_heads);
  if (isOther(opaque("mod", hidden, heads), 0))
    refuse(
      "shape",
      op,
      node,
      `query of ${printDims(query!)} does not split into ${heads.print()} heads; set num_heads and kv_num_heads`,
    );
  const size = opaque("div", hidden, heads);
  const total = sequence.add(past_key?.[2] ?? Poly.zero);
  const present = [batch, Poly.int(kv_num_heads), total, size];
  requireParts(node, { size, total });
  if (do_rotary === 1) requireAngles(node, size);
  return {
    output: [batch, sequence, size.mul(num_heads)],
    present_key: present,
    present_value: present,
    output_qk: [batch, Poly.int(num_heads), sequence, total],
  };
}

export const doc: OperatorDoc = {
  summary:
    "Causal attention with a head of keys and values for each group of queries' heads, a cache, local windows, soft caps, rotary positions",
  dtypes: "float",
  opsets: [1, 1],
  limits:
    "presents are past and new tokens, never the past's own buffer; position_ids count for prompts as well; no smooth_softmax, no head_sink, no quantised caches, no output_qk",
};
/** that of Attention */
export const tolerance: Tolerance = { relative: 32, absolute: 32 };

export const reference: Reference = (inputs, attributes, node) => {
  const { num_heads: heads, kv_num_heads: groups, scale, softcap, local_window_size: window = -1 } = attributes;
  const size = inputs.query!.dims[2]! / (inputs.key ? heads : heads + 2 * groups);
  const part = (k: 0 | 1 | 2): ReferenceTensor => {
    const first = [0, heads, heads + groups][k]! * size;
    const count = k === 0 ? heads : groups;
    const own = inputs.key ? inputs[names[k]]! : partReference(inputs.query!, first, first + count * size);
    return headsReference(own, count);
  };
  const [B, S] = inputs.query!.dims as [number, number, number];
  const starts = numbersOf(inputs.seqlens_k!).map(last => Math.max(last + 1 - S, 0));
  const ids = inputs.position_ids ?? tabulate("i64", [B, S], ([b, s]) => elementOf("i64", starts[b!]! + s!));
  const turn = (X: ReferenceTensor): ReferenceTensor => {
    if (!attributes.do_rotary) return X;
    const { cos_cache, sin_cache } = inputs;
    const turned = { interleaved: attributes.rotary_interleaved, rotary_embedding_dim: 2 * cos_cache!.dims[1]! };
    return rotary({ X, cos_cache: cos_cache!, sin_cache: sin_cache!, position_ids: ids }, turned, node).Y!;
  };
  const [Q, K, V] = [turn(part(0)), turn(part(1)), part(2)];
  const cached = (past: ReferenceTensor | undefined, X: ReferenceTensor): ReferenceTensor =>
    past ? cacheReference({ past, X, starts: vectorOf("i64", starts) }, {}, node).Y! : X;
  const [present_key, present_value] = [cached(inputs.past_key, K), cached(inputs.past_value, V)];
  const lengths = vectorOf(
    "i64",
    starts.map(s => s + S),
  );
  const masks = inputs.attention_bias ? [inputs.attention_bias] : [];
  const settings = { scale: scale || undefined, softcap, causal: 1, left: leftOf(window) };
  const Y = attentionReference({ Q, K: present_key, V: present_value }, settings, { lengths, masks });
  return { output: joinedReference(Y), present_key, present_value };
};

interface More {
  readonly sequence?: number;
  readonly past?: number;
  readonly seqlens?: readonly number[];
  readonly packed?: boolean;
  readonly rotary?: number;
  readonly ids?: readonly number[];
  readonly added?: readonly number[];
}
function of(
  name: string,
  m: More = {},
  attributes: Attributes = {},
  dtype: "f32" | "f16" | "f64" = "f32",
): OperatorCase {
  const { sequence = 3, past = 4, packed = false, rotary: turned, ids, added } = m;
  const seqlens = m.seqlens ?? [past + sequence - 1, past + sequence - 1];
  // ONNX Runtime wants heads of 16 elements where it turns them
  const size = turned ? 16 : 8;
  const cache = { dtype, dims: [2, 2, past, size] };
  const angles = { dtype, dims: [16, (turned ?? 0) / 2], range: [-1, 1] as const };
  const keys = { dtype, dims: [2, sequence, 2 * size] };
  return {
    name: `${dtype} ${name}`,
    attributes: { num_heads: 4, kv_num_heads: 2, ...(turned ? { do_rotary: 1 } : {}), ...attributes },
    outputCount: 3,
    inputs: {
      query: { dtype, dims: [2, sequence, (packed ? 8 : 4) * size] },
      ...(packed ? {} : { key: keys, value: keys }),
      past_key: cache,
      past_value: cache,
      seqlens_k: { dtype: "i32", dims: [2], data: seqlens },
      total_sequence_length: { dtype: "i32", dims: [1], data: [Math.max(...seqlens) + 1] },
      ...(turned ? { cos_cache: angles, sin_cache: angles } : {}),
      ...(ids ? { position_ids: { dtype: "i64", dims: [2, sequence], data: ids } } : {}),
      ...(added ? { attention_bias: { dtype, dims: added } } : {}),
    },
  };
}
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("prompt", { past: 0 }, {}, d as "f32")),
  of("token", { sequence: 1 }),
  of("tokens of batches of two lengths", { sequence: 1, seqlens: [4, 2] }),
  of("packed, rotary", { sequence: 1, packed: true, rotary: 16 }),
  of("prompt, rotary, interleaved", { past: 0, rotary: 16 }, { rotary_interleaved: 1 }),
  of("a part of each head rotary", { sequence: 1, rotary: 8 }),
  of("local window, soft cap, scale", { past: 0, sequence: 7 }, { local_window_size: 3, softcap: 2, scale: 0.4 }),
  of("bias of scores", { sequence: 1, added: [1, 4, 1, 5] }),
  of("positions", { sequence: 1, rotary: 16, ids: [3, 9] }),
];
