// What compute operators say about nodes that make no sense.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newestOpset } from "../../src/graph/make.js";
import type { NodeInfo } from "../../src/ops/operator.js";
import { fullRegistry } from "./full-registry.js";
import type { Refusal } from "./refusals.js";
import { infoOf, testRefusals } from "./refusals.js";

const image = { X: "f32 1 6 9 9", W: "f32 4 6 3 3" };
const sequence = { X: "f32 3 2 5", W: "f32 1 28 5", R: "f32 1 28 7" };
const refusals: readonly Refusal[] = [
  {
    op: "Attention",
    inputs: { Q: "f32 2 3 5 8", K: "f32 2 3 7 6", V: "f32 2 3 7 4" },
    code: "shape",
    says: 'Attention "n": Q of 2×3×5×8, K of 2×3×7×6 and V of 2×3×7×4, as batch×heads×sequence×size, do not agree; K has the batch and the size of Q, V the batch, heads and sequence of K',
  },
  {
    op: "Attention",
    inputs: { Q: "f32 2 3 5 8", K: "f32 2 3 7 8", V: "f32 2 3 7 4", attn_mask: "f32 5 9" },
    code: "shape",
    says: 'Attention "n": attn_mask of 5×9 does not broadcast to the scores, 2×3×5×7; from the right, its dims must be equal or 1',
  },
  {
    op: "Attention",
    inputs: { Q: "f32 2 3 5 8", K: "f32 2 3 7 8", V: "f32 2 3 7 4", past_key: "f32 2 3 2 8" },
    code: "shape",
    says: 'Attention "n": past_key and past_value belong together; give both or neither',
  },
  {
    op: "CausalConvWithState",
    inputs: { input: "f32 2 5 7", weight: "f32 5 1 4", past_state: "f32 2 5 4" },
    code: "shape",
    says: 'CausalConvWithState "n": past_state of 2×5×4 must be batch×channels×(taps − 1), which is 2×5×3 here; change it or the other inputs',
  },
  {
    op: "DeformConv",
    inputs: { X: "f32 1 2 5 6", W: "f32 3 2 2 2", offset: "f32 1 8 4 5", mask: "f32 1 3 4 5" },
    code: "shape",
    says: 'DeformConv "n": mask of 1×3×4×5 must be batch×(groups of offsets · taps), then the dims of the output, which is 1×4×4×5 here; change it or the other inputs',
  },
  {
    op: "LinearRegressor",
    domain: "ai.onnx.ml",
    inputs: { X: "f32 5 3" },
    attributes: { coefficients: [1, 2, 3], intercepts: [1, 2] },
    code: "operator-attribute",
    says: 'LinearRegressor "n": intercepts has 2 entries; 1 rows of coefficients need 1',
  },
  {
    op: "SVMClassifier",
    domain: "ai.onnx.ml",
    inputs: { X: "f32 5 2" },
    attributes: { classlabels_ints: [3, 5], vectors_per_class: [2, 1], coefficients: [1, 2, 3], rho: [0] },
    code: "operator-attribute",
    says: 'SVMClassifier "n": support_vectors has 0 entries, which do not divide into 3 support vectors; change it',
  },
  {
    op: "SVMRegressor",
    domain: "ai.onnx.ml",
    inputs: { X: "f32 5 2" },
    attributes: { n_supports: 3, coefficients: [1, 2, 3], rho: [0] },
    code: "operator-attribute",
    says: 'SVMRegressor "n": support_vectors has 0 numbers for 3 vectors; give as many for each, or n_supports 0',
  },
  {
    op: "TreeEnsembleRegressor",
    domain: "ai.onnx.ml",
    inputs: { X: "f32 5 2" },
    attributes: { n_targets: 3, base_values: [0.5] },
    code: "operator-attribute",
    says: 'TreeEnsembleRegressor "n": base_values has 1 entries for 3 columns of scores; give it one for each',
  },
  {
    op: "TreeEnsembleClassifier",
    domain: "ai.onnx.ml",
    inputs: { X: "f32 5 2" },
    attributes: { classlabels_int64s: [4, 7], class_ids: [0, 0, 0], base_values: [0.5, 0.25] },
    code: "operator-attribute",
    says: 'TreeEnsembleClassifier "n": base_values has 2 entries for 1 columns of scores; give it one for each',
  },
  {
    op: "FusedConv",
    domain: "com.microsoft",
    inputs: { ...image, Z: "f32 1 4 7 1" },
    code: "shape",
    says: 'FusedConv "n": Z of 1×4×7×1 must be as Y, which is 1×4×7×7 here; change it or the other inputs',
  },
  {
    op: "Add",
    inputs: { A: "f32 2 3", B: "f32 4" },
    code: "shape",
    says: 'Add "n": A of 2×3 and B of 4 do not broadcast; from the right, dims must be equal or 1',
  },
  {
    op: "Add",
    inputs: { A: "f32 2", B: "i32 2" },
    code: "graph-invalid",
    says: 'Add "n": A is f32 and B is i32; insert a Cast so that they have one dtype',
  },
  {
    op: "Sum",
    inputs: { X0: "f32 height 3", X1: "f32", X2: "f32 2" },
    code: "shape",
    says: 'Sum "n": X0 of height×3 and X1 of a scalar and X2 of 2 do not broadcast; from the right, dims must be equal or 1',
  },
  {
    op: "Softmax",
    inputs: { input: "f32 2 3" },
    attributes: { axis: 3 },
    code: "operator-attribute",
    says: 'Softmax "n": axis 3 is outside a rank-2 tensor; use -2..1',
  },
  {
    op: "ReduceSum",
    inputs: { data: "f32 2 3", axes: "i64 1" },
    code: "operator-unsupported",
    says: 'ReduceSum "n": the content of input axes is not known when the model is compiled; make it a constant, or compute it from the dims of other tensors',
  },
  {
    op: "ReduceMean",
    inputs: { data: "f32 2 3", axes: "i64 1 = -3" },
    code: "operator-attribute",
    says: 'ReduceMean "n": axis -3 is outside a rank-2 tensor; use -2..1',
  },
  {
    op: "MatMul",
    inputs: { A: "f32 2 3", B: "f32 4 5" },
    code: "shape",
    says: 'MatMul "n": A of 2×3 has rows of 3 and B of 4×5 columns of 4; they must agree',
  },
  {
    op: "MatMul",
    inputs: { A: "f32", B: "f32 4 5" },
    code: "shape",
    says: 'MatMul "n": A of a scalar and B of 4×5 can\'t be multiplied; both need at least one dim',
  },
  {
    op: "Gemm",
    inputs: { A: "f32 3 2", B: "f32 4 5" },
    attributes: { transA: 1 },
    code: "shape",
    says: 'Gemm "n": A of 3×2 and B of 4×5 meet in 3 and 4; they must agree',
  },
  {
    op: "Gemm",
    inputs: { A: "i32 2 4", B: "i32 4 5" },
    attributes: { alpha: 0.5 },
    code: "operator-attribute",
    says: 'Gemm "n": alpha 0.5 is no whole number, and A is i32; cast A and B to a float dtype, or use a whole number',
  },
  {
    op: "LpNormalization",
    inputs: { input: "f32 2 3" },
    attributes: { p: 0 },
    code: "operator-attribute",
    says: 'LpNormalization "n": p 0 is no norm; use 1 or more',
  },
  {
    op: "GlobalLpPool",
    inputs: { X: "f32 1 2 3 3" },
    attributes: { p: 0 },
    code: "operator-attribute",
    says: 'GlobalLpPool "n": p 0 is no norm; use 1 or more',
  },
  {
    op: "LpPool",
    inputs: { X: "f32 1 2 3 3" },
    attributes: { kernel_shape: [2, 2], p: 0 },
    code: "operator-attribute",
    says: 'LpPool "n": p 0 is no norm; use 1 or more',
  },
  {
    op: "Multinomial",
    inputs: { input: "f32 2 0" },
    code: "shape",
    says: 'Multinomial "n": input has no columns, so that there is no class to draw; give one or more',
  },
  {
    op: "Gemm",
    inputs: { A: "f32 2 3 4", B: "f32 4 5" },
    code: "shape",
    says: 'Gemm "n": A of 2×3×4 and B of 4×5 are not both matrices; reshape them, or use MatMul',
  },
  {
    op: "Gemm",
    inputs: { A: "f32 2 4", B: "f32 4 5", C: "f32 3" },
    code: "shape",
    says: 'Gemm "n": C of 3 does not broadcast to A · B of 2×5; from the right, its dims must be equal or 1',
  },
  {
    op: "Gemm",
    inputs: { A: "f32 1 4", B: "f32 4 5", C: "f32 2 5" },
    code: "shape",
    says: 'Gemm "n": C of 2×5 does not broadcast to A · B of 1×5; from the right, its dims must be equal or 1',
  },
  {
    op: "LRN",
    inputs: { X: "f32 6" },
    attributes: { size: 3 },
    code: "shape",
    says: 'LRN "n": X of 6 has no channels; it needs at least 2 dims',
  },
  {
    op: "Conv",
    inputs: { X: "f32 1 6", W: "f32 4 6 3 3" },
    code: "shape",
    says: 'Conv "n": X of 1×6 and W of 4×6×3×3 are not batch×channels×space and outputs×channels×taps of one rank',
  },
  {
    op: "Conv",
    inputs: { ...image, B: "f32 4 6" },
    code: "shape",
    says: 'Conv "n": W has 4 outputs and B is 4×6; give it one entry for each',
  },
  {
    op: "Conv",
    inputs: { ...image, B: "f32 5" },
    code: "shape",
    says: 'Conv "n": W has 4 outputs and B has 5 entries; they must agree',
  },
  {
    op: "ConvTranspose",
    inputs: { X: "f32 1 6 9", W: "f32 6 2 3", B: "f32 5" },
    attributes: { group: 3 },
    code: "shape",
    says: 'ConvTranspose "n": W has 6 outputs and B has 5 entries; they must agree',
  },
  {
    op: "LayerNormalization",
    inputs: { X: "f32 3 4", Scale: "f32 4", B: "f32 2 3 4" },
    code: "shape",
    says: 'LayerNormalization "n": B of 2×3×4 does not broadcast to X of 3×4; from the right, its dims must be equal or 1',
  },
  {
    op: "RMSNormalization",
    inputs: { X: "f32 3 4", scale: "f32 3" },
    code: "shape",
    says: 'RMSNormalization "n": scale of 3 does not broadcast to X of 3×4; from the right, its dims must be equal or 1',
  },
  {
    op: "PRelu",
    inputs: { X: "f32 3 4", slope: "f32 3 1 1" },
    code: "shape",
    says: 'PRelu "n": slope of 3×1×1 does not broadcast to X of 3×4; from the right, its dims must be equal or 1',
  },
  {
    op: "GroupNormalization",
    inputs: { X: "f32 6", scale: "f32 6", bias: "f32 6" },
    attributes: { num_groups: 3 },
    code: "shape",
    says: 'GroupNormalization "n": X of 6 has no channels; it needs at least 2 dims',
  },
  {
    op: "GroupNormalization",
    inputs: { X: "f32 1 6 9", scale: "f32 6", bias: "f32 3" },
    attributes: { num_groups: 3 },
    code: "shape",
    says: 'GroupNormalization "n": X has 6 channels and bias has 3 entries; they must agree',
  },
  {
    op: "LSTM",
    inputs: { ...sequence, W: "f32 1 27 5" },
    code: "shape",
    says: 'LSTM "n": W of 1×27×5 is not 1×28×5; they must agree',
  },
  {
    op: "LSTM",
    inputs: { ...sequence, B: "f32 56" },
    code: "shape",
    says: 'LSTM "n": B of 56 is not 1×56; they must agree',
  },
  {
    op: "Conv",
    inputs: { X: "f32 1 5 9 9", W: "f32 4 6 3 3" },
    code: "shape",
    says: 'Conv "n": X has 5 channels and W takes 6 in each of 1 groups; they must agree',
  },
  {
    op: "Conv",
    inputs: { X: "f32 1 18 9 9", W: "f32 4 6 3 3" },
    attributes: { group: 3 },
    code: "shape",
    says: 'Conv "n": 4 outputs do not divide into 3 groups; use a number of outputs that does',
  },
  {
    op: "Conv",
    inputs: image,
    attributes: { kernel_shape: [5, 5] },
    code: "shape",
    says: 'Conv "n": kernel_shape 5×5 is not that of W, 3×3; leave it out, or correct it',
  },
  {
    op: "Conv",
    inputs: image,
    attributes: { strides: [1] },
    code: "operator-attribute",
    says: 'Conv "n": strides has 1 entries for 2 spatial axes; give 2',
  },
  {
    op: "Conv",
    inputs: image,
    attributes: { pads: [1, 1] },
    code: "operator-attribute",
    says: 'Conv "n": pads has 2 entries; give 4, all begins before all ends',
  },
  {
    op: "Conv",
    inputs: image,
    attributes: { strides: [0, 1] },
    code: "operator-attribute",
    says: 'Conv "n": stride 0 and dilation 1 of axis 0 must be at least 1; use 1 or more',
  },
  {
    op: "Conv",
    inputs: { X: "f32 1 6 2 9", W: "f32 4 6 5 3" },
    code: "shape",
    says: 'Conv "n": the window of 5 taps (dilation 1) is larger than spatial axis 0 with 2 elements and its pads; use more padding or a smaller window',
  },
  {
    op: "ConvTranspose",
    inputs: { X: "f32 1 5 9 9", W: "f32 4 6 3 3" },
    code: "shape",
    says: 'ConvTranspose "n": X has 5 channels and W takes 4; they must agree',
  },
  {
    op: "ConvTranspose",
    inputs: { X: "f32 1 4 9 9", W: "f32 4 6 3 3" },
    attributes: { group: 3 },
    code: "shape",
    says: 'ConvTranspose "n": 4 channels do not divide into 3 groups; use a number of channels that does',
  },
  {
    op: "MaxPool",
    inputs: { X: "f32 4 9" },
    attributes: { kernel_shape: [3] },
    code: "shape",
    says: 'MaxPool "n": X of 4×9 is not batch×channels×space; it needs at least 3 dims',
  },
  {
    op: "MaxPool",
    inputs: { X: "f32 1 4 9" },
    attributes: { kernel_shape: [3], pads: [3, 0] },
    code: "operator-attribute",
    says: 'MaxPool "n": spatial axis 0 has a pad of 3 for windows of 3 elements; a pad must be smaller than the window',
  },
  {
    op: "MaxPool",
    inputs: { X: "f32 1 4 0" },
    attributes: { kernel_shape: [2], pads: [1, 1] },
    code: "shape",
    says: 'MaxPool "n": spatial axis 0 is empty, and its pads make windows; give X elements, or no pads',
  },
  {
    op: "SimplifiedLayerNormalization",
    inputs: { X: "f32 2 3", scale: "f32 2" },
    code: "shape",
    says: 'SimplifiedLayerNormalization "n": scale of 2 does not broadcast to X of 2×3; from the right, its dims must be equal or 1',
  },
  {
    op: "BatchNormalization",
    inputs: { X: "f32 1 6 9", scale: "f32 6", B: "f32 5", input_mean: "f32 6", input_var: "f32 6" },
    code: "shape",
    says: 'BatchNormalization "n": X has 6 channels and B has 5 entries; they must agree',
  },
  {
    op: "BatchNormalization",
    inputs: { X: "f32 1 6 9", scale: "f32 6", B: "f32 6", input_mean: "f32 6", input_var: "f32 6" },
    opset: 9,
    wanted: ["Y", "running_mean"],
    code: "operator-unsupported",
    says: 'BatchNormalization "n": the output running_mean exists in training mode only (opset 14); export the model for inference',
  },
  {
    op: "InstanceNormalization",
    inputs: { input: "f32 1 6 9", scale: "f32 4", B: "f32 6" },
    code: "shape",
    says: 'InstanceNormalization "n": input has 6 channels and scale has 4 entries; they must agree',
  },
  {
    op: "GroupNormalization",
    inputs: { X: "f32 1 7 9", scale: "f32 7", bias: "f32 7" },
    attributes: { num_groups: 3 },
    code: "shape",
    says: 'GroupNormalization "n": 7 channels do not divide into 3 groups; use a number of groups that divides them',
  },
  {
    op: "Cast",
    inputs: { input: "f32 3" },
    attributes: { to: 8 },
    code: "operator-unsupported",
    says: 'Cast "n": to = 8 is not a dtype of numbers or bool that this version knows; cast to one of the ONNX codes 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26',
  },
  {
    op: "Dropout",
    opset: 10,
    inputs: { data: "f32 2 3", ratio: "f32 = 0.5", training_mode: "bool = 1" },
    code: "graph-invalid",
    says: 'Dropout "n": training_mode is no input of opset 10; leave it out, or import opset 12',
  },
  {
    op: "Dropout",
    inputs: { data: "f32 3", training_mode: "bool" },
    code: "operator-unsupported",
    says: 'Dropout "n": training_mode is not known when the model is compiled; make it a constant',
  },
  {
    op: "Dropout",
    inputs: { data: "f32 3", ratio: "f32", training_mode: "bool = 1" },
    code: "operator-unsupported",
    says: 'Dropout "n": ratio is not known when the model is compiled; make it a constant',
  },
  {
    op: "Dropout",
    inputs: { data: "f32 3", ratio: "f32 = 1", training_mode: "bool = 1" },
    code: "operator-attribute",
    says: 'Dropout "n": ratio is 1; use a number from 0 on and below 1',
  },
  {
    op: "LSTM",
    inputs: { ...sequence, W: "f32 2 28 5" },
    code: "shape",
    says: 'LSTM "n": W has weights for 2 directions and direction "forward" has 1; set direction, or give W for each direction',
  },
  {
    op: "LSTM",
    inputs: { ...sequence, W: "f32 1 28 4" },
    code: "shape",
    says: 'LSTM "n": X has 5 features and W takes 4; they must agree',
  },
  {
    op: "LSTM",
    inputs: { ...sequence, initial_h: "f32 1 3 7" },
    code: "shape",
    says: 'LSTM "n": initial_h of 1×3×7 is not 1×2×7; they must agree',
  },
  {
    op: "LSTM",
    inputs: sequence,
    attributes: { direction: "backwards" },
    code: "operator-attribute",
    says: 'LSTM "n": direction "backwards" is unknown; use forward, reverse or bidirectional',
  },
  {
    op: "LSTM",
    inputs: sequence,
    attributes: { activations: ["Sigmoid", "Tanh"] },
    code: "operator-attribute",
    says: 'LSTM "n": activations names 2 functions; give 3, 3 for each direction',
  },
  {
    op: "LSTM",
    inputs: sequence,
    attributes: { activations: ["Sigmoid", "Tanh", "Wobble"] },
    code: "operator-attribute",
    says: 'LSTM "n": the activation Wobble is unknown; use one of relu, tanh, sigmoid, affine, leakyrelu, thresholdedrelu, scaledtanh, hardsigmoid, elu, softsign, softplus',
  },
];

testRefusals(refusals);

test("dims that must agree but are symbols become preconditions", () => {
  const asked: string[] = [];
  const info: NodeInfo = {
    ...infoOf({ op: "MatMul", inputs: { A: "f32 rows k", B: "f32 inner 5" }, code: "shape", says: "" }),
    assumeEqual: (left, right) => {
      asked.push(`${left.print()} = ${right.print()}`);
      return true;
    },
  };
  fullRegistry().find("", "MatMul", newestOpset)!.shape(info);
  assert.deepEqual(asked, ["k = inner"]);
});
