// Dims that contradict each other in grouped and packed attentions, experts of few bits, and gated operators of com.microsoft.
import type { Refusal } from "./refusals.js";
import { testRefusals } from "./refusals.js";

const domain = "com.microsoft";
const grouped = {
  query: "f32 2 1 32",
  key: "f32 2 1 16",
  value: "f32 2 1 16",
  past_key: "f32 2 2 4 8",
  past_value: "f32 2 2 4 8",
  seqlens_k: "i32 2",
  total_sequence_length: "i32 1",
};
const heads = { num_heads: 4, kv_num_heads: 2 };
const experts = {
  input: "f32 4 8",
  router_probs: "f32 4 3",
  fc1_experts_weights: "u8 3 16 4",
  fc1_scales: "f32 3 16",
  fc2_experts_weights: "u8 3 8 8",
  fc2_scales: "f32 3 8",
};
const tokens = {
  query: "f32 7 12",
  key: "f32 7 12",
  value: "f32 7 12",
  token_offset: "i32 3 4",
  cumulative_sequence_length: "i32 4",
};

const refusals: readonly Refusal[] = [
  {
    op: "GroupQueryAttention",
    inputs: { ...grouped, value: "f32 2 1 12" },
    attributes: heads,
    code: "shape",
    says: 'GroupQueryAttention "n": value of 2×1×12 must be batch×sequence×(heads of keys · size), which is 2×1×16 here; change it or the other inputs',
  },
  {
    op: "GroupQueryAttention",
    inputs: { ...grouped, past_value: "f32 2 2 5 8" },
    attributes: heads,
    code: "shape",
    says: 'GroupQueryAttention "n": past_value of 2×2×5×8 must be batch×heads of keys×past×size, which is 2×2×4×8 here; change it or the other inputs',
  },
  {
    op: "GroupQueryAttention",
    inputs: { ...grouped, seqlens_k: "i32 3" },
    attributes: heads,
    code: "shape",
    says: 'GroupQueryAttention "n": seqlens_k of 3 must have 2 elements; change it or the batch',
  },
  {
    op: "GroupQueryAttention",
    inputs: grouped,
    attributes: { ...heads, local_window_size: 0 },
    code: "operator-attribute",
    says: 'GroupQueryAttention "n": local_window_size 0 holds no key; use 1 or more, or −1 for all',
  },
  {
    op: "GroupQueryAttention",
    inputs: grouped,
    attributes: { ...heads, do_rotary: 1 },
    code: "shape",
    says: 'GroupQueryAttention "n": do_rotary needs cos_cache and sin_cache; give both, or leave do_rotary out',
  },
  {
    op: "GroupQueryAttention",
    inputs: { ...grouped, cos_cache: "f32 9 8", sin_cache: "f32 9 8" },
    attributes: { ...heads, do_rotary: 1 },
    code: "shape",
    says: 'GroupQueryAttention "n": cos_cache of 9×8 turns 16 elements of heads that have 8; it must have half as many columns at most',
  },
  {
    op: "GroupQueryAttention",
    inputs: { ...grouped, query: "f32 2 1 30" },
    attributes: heads,
    code: "shape",
    says: 'GroupQueryAttention "n": query of 2×1×30 does not split into 4 heads; set num_heads and kv_num_heads',
  },
  {
    op: "QMoE",
    inputs: { ...experts, fc2_scales: "f32 3 7" },
    code: "shape",
    says: 'QMoE "n": fc2_scales of 3×7 must be experts×rows, which is 3×8 here; change it or the other inputs',
  },
  {
    op: "QMoE",
    inputs: { ...experts, fc2_experts_weights: "u8 3 8 7" },
    code: "shape",
    says: 'QMoE "n": fc2_experts_weights of 3×8×7 must be experts×hidden×inner, which is 3×8×8 here; change it or the other inputs',
  },
  {
    op: "QMoE",
    inputs: { ...experts, fc1_zero_points: "u8 3 16" },
    code: "shape",
    says: 'QMoE "n": fc1_zero_points of 3×16 must be experts×bytes of the rows, which is 3×8 here; change it or the other inputs',
  },
  {
    op: "PackedMultiHeadAttention",
    inputs: { ...tokens, key: "f32 6 12" },
    attributes: { num_heads: 3 },
    code: "shape",
    says: 'PackedMultiHeadAttention "n": key of 6×12 must be tokens×hidden, which is 7×12 here; change it or the other inputs',
  },
  {
    op: "PackedMultiHeadAttention",
    inputs: { ...tokens, cumulative_sequence_length: "i32 3" },
    attributes: { num_heads: 3 },
    code: "shape",
    says: 'PackedMultiHeadAttention "n": cumulative_sequence_length of 3 must be the sequences of token_offset and one, which is 4 here; change it or the other inputs',
  },
  {
    op: "PackedAttention",
    inputs: {
      input: "f32 7 8",
      weights: "f32 8 36",
      bias: "f32 35",
      token_offset: "i32 3 4",
      cumulative_sequence_length: "i32 4",
    },
    attributes: { num_heads: 3 },
    code: "shape",
    says: 'PackedAttention "n": bias of 35 must be a number for each column of weights, which is 36 here; change it or the other inputs',
  },
  {
    op: "GatedAdd",
    inputs: { X: "f32 2 1 1", Y: "f32 2 1 1", gate: "f32 2 1 5" },
    code: "shape",
    says: 'GatedAdd "n": gate of 2×1×5 does not broadcast to X of 2×1×1; from the right, its dims must be equal or 1',
  },
  {
    op: "GatedRMSNorm",
    inputs: { X: "f32 2 8", scale: "f32 8", gate: "f32 1 8" },
    attributes: { epsilon: 1e-6 },
    code: "shape",
    says: 'GatedRMSNorm "n": gate of 1×8 must be the dims of X, which is 2×8 here; change it or the other inputs',
  },
  {
    op: "MRotaryEmbedding",
    inputs: { input: "f32 1 3 3", position_ids: "i64 3 1 3", cos_cache: "f32 9 4", sin_cache: "f32 9 4" },
    attributes: { mrope_section: [2, 1, 1] },
    code: "shape",
    says: 'MRotaryEmbedding "n": input of 1×3×3 must be batch×heads×sequence×size, or batch×sequence×(heads·size) with the attribute num_heads',
  },
  {
    op: "SparseAttention",
    inputs: {
      ...grouped,
      block_row_indices: "i32 3 5",
      block_col_indices: "i32 3 9",
      key_total_sequence_lengths: "i32 2",
    },
    attributes: { ...heads, sparse_block_size: 4 },
    code: "shape",
    says: 'SparseAttention "n": block_row_indices of 3×5 must be layouts×(blocks + 1), and 4 heads a multiple of the layouts',
  },
  {
    op: "MaxpoolWithMask",
    inputs: { X: "f32 2 3 8", M: "i32 2 3 8" },
    attributes: { kernel_shape: [3] },
    code: "shape",
    says: 'MaxpoolWithMask "n": M of 2×3×8 must be 1×1×space, which is 1×1×8 here; change it or the other inputs',
  },
  {
    op: "WordConvEmbedding",
    inputs: { Sequence: "i32 4 2", W: "f32 7 1 3 5", B: "f32 7", C: "f32 13 5" },
    code: "shape",
    says: 'WordConvEmbedding "n": Sequence of 4×2 has words shorter than the window of W of 7×1×3×5; pad them with zeros',
  },
  {
    op: "CausalConvWithState",
    inputs: { input: "f32 2 3 9", weight: "f32 3 1 3", past_state: "f32 2 3 3" },
    attributes: { dilation: 2 },
    code: "shape",
    says: 'CausalConvWithState "n": past_state of 2×3×3 must be batch×channels×reach of the taps, which is 2×3×4 here; change it or the other inputs',
  },
];

testRefusals(refusals.map(r => ({ domain, ...r })));
