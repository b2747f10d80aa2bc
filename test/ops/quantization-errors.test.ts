// What quantising operators and conversions say about nodes that make no sense.
import type { Refusal } from "./refusals.js";
import { testRefusals } from "./refusals.js";

const product = {
  a: "u8 5 7",
  a_scale: "f32",
  a_zero_point: "u8",
  b: "u8 7 9",
  b_scale: "f32",
  b_zero_point: "u8",
  y_scale: "f32",
  y_zero_point: "u8",
};
const refusals: readonly Refusal[] = [
  {
    op: "QuadMatMul",
    domain: "azulejo",
    inputs: { A: "i32 5 7", B: "i32 7 9" },
    attributes: { signed: 1 },
    code: "operator-attribute",
    says: 'QuadMatMul "n": signed = 1 takes 128 from unsigned bytes, and A is i32; give it u32',
  },
  {
    op: "QuadConv",
    domain: "azulejo",
    inputs: { X: "i32 1 2 7 7", W: "i32 5 2 3 3" },
    attributes: { fill: 200 },
    code: "operator-attribute",
    says: 'QuadConv "n": fill = 200 is no byte of X, which is i32; use -128 to 127',
  },
  {
    op: "QuantizeLinear",
    inputs: { x: "f32 2 3", y_scale: "f32 2" },
    code: "shape",
    says: 'QuantizeLinear "n": y_scale is 2 and axis 1 of x has 3 elements; give one number, or one for each',
  },
  {
    op: "QuantizeLinear",
    inputs: { x: "f32 2 3", y_scale: "f32 2 2", y_zero_point: "u8 2 2" },
    attributes: { block_size: 2, axis: 0 },
    code: "shape",
    says: 'QuantizeLinear "n": y_scale is 2×2 and x 2×3; with block_size 2 they differ along axis 0 alone, where a number serves 2 elements',
  },
  {
    op: "QuantizeLinear",
    inputs: { x: "f32 2 3", y_scale: "f32", y_zero_point: "u8" },
    attributes: { output_dtype: 3 },
    code: "graph-invalid",
    says: 'QuantizeLinear "n": output_dtype is i8 and y_zero_point is u8; they must agree',
  },
  {
    op: "QuantizeLinear",
    inputs: { x: "f32 2 3", y_scale: "f32" },
    attributes: { output_dtype: 8 },
    code: "operator-attribute",
    says: 'QuantizeLinear "n": output_dtype is 8, which is no dtype of numbers; leave it out',
  },
  {
    op: "DequantizeLinear",
    inputs: { x: "i4 2 3", x_scale: "f32 3", x_zero_point: "i4 3" },
    attributes: { axis: 2 },
    code: "operator-attribute",
    says: 'DequantizeLinear "n": axis 2 is outside a rank-2 tensor; use -2..1',
  },
  {
    op: "DequantizeLinear",
    inputs: { x: "f4e2m1 2 3", x_scale: "f8e8m0" },
    code: "operator-attribute",
    says: 'DequantizeLinear "n": the result would be f8e8m0; set output_dtype to f32, f16 or bf16',
  },
  {
    op: "MatMulInteger",
    inputs: { A: "u8 2 4 4", B: "u8 2 4 5", a_zero_point: "u8 2 4 4" },
    code: "shape",
    says: 'MatMulInteger "n": a_zero_point is 2×4×4 and A 2×4×4; give one number, or one for each of its rows',
  },
  {
    op: "MatMulInteger",
    inputs: { A: "u8 2 3", B: "u8 3 5", a_zero_point: "u8 3" },
    code: "shape",
    says: 'MatMulInteger "n": a_zero_point is 3 and A 2×3; give one number, or one for each of its rows',
  },
  {
    op: "MatMulInteger",
    inputs: { A: "u8 2 3", B: "u8 4 5" },
    code: "shape",
    says: 'MatMulInteger "n": A of 2×3 has rows of 3 and B of 4×5 columns of 4; they must agree',
  },
  {
    op: "QLinearMatMul",
    inputs: { ...product, b_scale: "f32 5" },
    code: "shape",
    says: 'QLinearMatMul "n": b_scale is 5 and b 7×9; give one number, or one for each of its columns',
  },
  {
    op: "ConvInteger",
    inputs: { x: "u8 1 3 5 5", w: "i8 4 3 3 3", x_zero_point: "u8 3" },
    code: "shape",
    says: 'ConvInteger "n": x_zero_point is 3; give one number',
  },
  {
    op: "ConvInteger",
    inputs: { x: "u8 1 3 5 5", w: "i8 4 3 3 3", w_zero_point: "i8 3" },
    code: "shape",
    says: 'ConvInteger "n": w_zero_point is 3; give one number, or one for each of the 4 outputs',
  },
  {
    op: "Cast",
    inputs: { input: "f32 2" },
    attributes: { to: 24, round_mode: "away" },
    code: "operator-attribute",
    says: 'Cast "n": round_mode "away" is unknown; use up, down or nearest',
  },
];

testRefusals(refusals);
