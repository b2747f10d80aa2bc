// What operators of com.microsoft say about inputs whose number of dims makes no sense.
import type { Refusal } from "./refusals.js";
import { testRefusals } from "./refusals.js";

const domain = "com.microsoft";
const refusals: readonly Refusal[] = [
  {
    op: "BiasAdd",
    domain,
    inputs: { X: "f32 2 3", bias: "f32 3", skip: "f32 3" },
    code: "shape",
    says: 'BiasAdd "n": skip is 3; it must have 2 dims',
  },
  {
    op: "Attention",
    domain,
    inputs: { input: "f32 1 4 8", weights: "f32 8 24 1" },
    attributes: { num_heads: 2 },
    code: "shape",
    says: 'Attention "n": weights is 8×24×1; it must have 2 dims',
  },
  {
    op: "MultiHeadAttention",
    domain,
    inputs: { query: "f32 1 4 8", key: "f32 4 8", value: "f32 1 4 8" },
    attributes: { num_heads: 2 },
    code: "shape",
    says: 'MultiHeadAttention "n": key is 4×8; it must have 3 or 4 or 5 dims',
  },
];
testRefusals(refusals);
