// GroupQueryAttention of com.microsoft: causal attention in which heads of keys serve groups of queries', behind a cache that each
// batch has filled to a length of its own; positions may be rotated in.
import type { Dims, Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { attention, joinHeads } from "../attention-core.js";
import { requireDims } from "../broadcast.js";
import { refuse, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
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
import { numbersOf, vectorOf } from "../reference-tensors.js";
import { attentionReference, joinedReference, scaleOf } from "./attention-parts.js";
import {
  groupedSizes,
  headsOf,
  partsReference,
  positionsOf,
  requireAngles,
  requireCount,
  rotated,
  sequenceOf,
  startsOf,
  turnedReference,
  vectorOfLengths,
} from "./grouped-heads.js";
import { reference as cacheReference } from "./key-value-cache.js";

const op = "GroupQueryAttention";

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
    const [query, key, V] = headsOf(op, node, build);
    // seqlens_k is the last position of a batch
    const totals = build.node("Add", [vectorOfLengths(build, node.inputs.seqlens_k!), build.constant("i64", [], [1])]);
    const starts = startsOf(build, totals, query);
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

/** Each input of one batch, one sequence and one size of heads. */
function requireParts(node: NodeInfo, { size, total }: { readonly size: Poly; readonly total: Poly }): void {
  const { query, past_key, attention_bias: added } = node.dims;
  const [batch, sequence] = query as readonly Poly[] as readonly [Poly, Poly];
  const [heads, groups] = [Poly.int(node.attributes.num_heads), Poly.int(node.attributes.kv_num_heads)];
  for (const name of ["past_key", "past_value"])
    requireDims(op, node, name, [batch, groups, past_key?.[2] ?? Poly.zero, size], "batch×heads of keys×past×size");
  requireCount(op, node, "seqlens_k", batch);
  requireCount(op, node, "total_sequence_length", Poly.one);
  requireDims(op, node, "position_ids", [batch, sequence], "batch×sequence");
  if (!added) return;
  requireRanks(op, node, { attention_bias: [4] });
  const either = (dim: Poly, full: Poly): Poly => (dim.isOne ? dim : full);
  const scores = [either(added[0]!, batch), either(added[1]!, heads), sequence, total];
  requireDims(op, node, "attention_bias", scores, "batch×heads×queries×keys, of which the first two may be 1");
}

function outputDims(node: NodeInfo): Readonly<Record<string, Dims>> {
  const { past_key } = node.dims;
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
  const { batch, sequence, size } = groupedSizes(op, node);
  const total = sequence.add(past_key?.[2] ?? Poly.zero);
  const present = [batch, Poly.int(kv_num_heads), total, size];
  requireParts(node, { size, total });
  if (do_rotary === 1) requireAngles(op, node, size);
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
  const { scale, softcap, local_window_size: window = -1 } = attributes;
  const S = inputs.query!.dims[1]!;
  const starts = numbersOf(inputs.seqlens_k!).map(last => Math.max(last + 1 - S, 0));
  const parts = partsReference(inputs, attributes);
  const turn = (X: ReferenceTensor): ReferenceTensor =>
    attributes.do_rotary ? turnedReference(X, inputs, attributes, starts) : X;
  const [Q, K, V] = [turn(parts[0]), turn(parts[1]), parts[2]];
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
