// What the operators that scatter, cumulate, select, turn and draw refuse, word for word.
import { type Refusal, testRefusals } from "./refusals.js";

const refusals: readonly Refusal[] = [
  {
    op: "ScatterElements",
    inputs: { data: "f32 3 4", indices: "i64 4", updates: "f32 3 4" },
    code: "shape",
    says: 'ScatterElements "n": data is 3×4, indices 4 and updates 3×4; all three need the same number of dims',
  },
  {
    op: "Scatter",
    inputs: { data: "f32 3", indices: "i64 2", updates: "f32 2" },
    attributes: { axis: 1 },
    code: "operator-attribute",
    says: 'Scatter "n": axis 1 is outside a rank-1 tensor; use -1..0',
  },
  {
    op: "ScatterND",
    inputs: { data: "f32 3 4", indices: "i64", updates: "f32" },
    code: "shape",
    says: 'ScatterND "n": indices is a scalar; its last dim must hold tuples of positions',
  },
  {
    op: "ScatterND",
    inputs: { data: "f32 3 4", indices: "i64 2 rank", updates: "f32 2" },
    code: "operator-unsupported",
    says: 'ScatterND "n": the last dim of indices is rank; it must be a number when the model is compiled',
  },
  {
    op: "ScatterND",
    inputs: { data: "f32 3 4", indices: "i64 2 3", updates: "f32 2" },
    code: "shape",
    says: 'ScatterND "n": tuples of 3 positions do not fit data of 2 dims; use at most as many',
  },
  {
    op: "ScatterND",
    inputs: { data: "f32 3 4", indices: "i64 2 1", updates: "f32 2" },
    code: "shape",
    says: 'ScatterND "n": updates is 2; for these data and indices it must be 2×4',
  },
  {
    op: "CumSum",
    inputs: { x: "f32 3 4", axis: "i64" },
    code: "operator-unsupported",
    says: 'CumSum "n": the content of input axis is not known when the model is compiled; make it a constant, or compute it from the dims of other tensors',
  },
  {
    op: "CumProd",
    inputs: { x: "f32 3 4", axis: "i64 2 = 0 1" },
    code: "shape",
    says: 'CumProd "n": axis must have one element',
  },
  {
    op: "ReverseSequence",
    inputs: { input: "f32 3 4", sequence_lens: "i64 3" },
    attributes: { batch_axis: 0 },
    code: "operator-attribute",
    says: 'ReverseSequence "n": time_axis and batch_axis are both 0; they must differ',
  },
  {
    op: "TensorScatter",
    inputs: { past_cache: "f32 2 9 4", update: "f32 2 1 4" },
    attributes: { axis: 0 },
    code: "operator-attribute",
    says: 'TensorScatter "n": axis is 0, the batch; use the axis of the sequence',
  },
  {
    op: "TensorScatter",
    inputs: { past_cache: "f32 2 9 4", update: "f32 2 4" },
    code: "shape",
    says: 'TensorScatter "n": past_cache is 2×9×4 and update 2×4; they must have the same number of dims',
  },
  {
    op: "TensorScatter",
    inputs: { past_cache: "f32 2 9 4", update: "f32 2 1 4" },
    attributes: { mode: "spiral" },
    code: "operator-attribute",
    says: 'TensorScatter "n": mode "spiral" is unknown; use linear or circular',
  },
  {
    op: "MaxUnpool",
    inputs: { X: "f32 1 1 2 2", I: "i64 1 1 2 2" },
    attributes: { kernel_shape: [2] },
    code: "shape",
    says: 'MaxUnpool "n": X is 1×1×2×2 and kernel_shape has 1 sizes; give 2',
  },
  {
    op: "MaxUnpool",
    inputs: { X: "f32 1 1 2 2", I: "i64 1 1 2 2", output_shape: "i64 2 = 4 4" },
    attributes: { kernel_shape: [2, 2] },
    code: "shape",
    says: 'MaxUnpool "n": output_shape names 2 dims and X has 4; name as many',
  },
  {
    op: "TopK",
    inputs: { X: "f32 3 4", K: "i64 2 = 1 1" },
    code: "shape",
    says: 'TopK "n": K must have one element',
  },
  {
    op: "TopK",
    inputs: { X: "f32 3 4", K: "i64 1 = 5" },
    code: "shape",
    says: 'TopK "n": K is 5 and axis 1 of X has 4 elements; use 0..4',
  },
  {
    op: "Multinomial",
    inputs: { input: "f32 4" },
    code: "shape",
    says: 'Multinomial "n": input is 4; it must be a batch of rows, one column a class',
  },
  {
    op: "ScatterElements",
    inputs: { data: "f32 3 4", indices: "i64 2 4", updates: "f32 2 3" },
    code: "shape",
    says: 'ScatterElements "n": indices are 2×4 and updates 2×3; each index needs one update',
  },
  {
    op: "Scatter",
    inputs: { data: "f32 3 4", indices: "i64 7 5", updates: "f32 7 5" },
    code: "shape",
    says: 'Scatter "n": indices are 7×5 and data 3×4; beside axis 0, indices can\'t be larger than data',
  },
  {
    op: "TensorScatter",
    inputs: { past_cache: "f32 2 4 3", update: "f32 2 5 3" },
    code: "shape",
    says: 'TensorScatter "n": update has 5 positions along axis 1 and past_cache 4; a cache can\'t take more than it holds',
  },
  {
    op: "TensorScatter",
    inputs: { past_cache: "f32 2 4 3", update: "f32 2 0 3" },
    code: "shape",
    says: 'TensorScatter "n": update has no positions along axis 1; give at least one',
  },
  {
    op: "TensorScatter",
    inputs: { past_cache: "f32 2 4 3", update: "f32 2 1 3", write_indices: "i64 1" },
    code: "shape",
    says: 'TensorScatter "n": past_cache has 2 samples and write_indices has 1 entries; they must agree',
  },
  {
    op: "RotaryEmbedding",
    inputs: { X: "f32 2 3 5 8", cos_cache: "f32 17 4", sin_cache: "f32 17 4", position_ids: "i64 1 5" },
    code: "shape",
    says: 'RotaryEmbedding "n": X of 2×3×5×8 has 2×5 tokens and position_ids is 1×5; give each token a position',
  },
  {
    op: "RotaryEmbedding",
    inputs: { X: "f32 2 3 5 8", cos_cache: "f32 2 5 4", sin_cache: "f32 2 5 3" },
    code: "shape",
    says: 'RotaryEmbedding "n": sin_cache is 2×5×3; for X of 2×3×5×8 it must be 2×5×4',
  },
];

testRefusals(refusals);
