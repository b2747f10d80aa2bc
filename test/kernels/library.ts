// All kernels of azulejo/kernels, with tensors that must fit each other: what checks and random schedules go over.
import * as library from "../../src/kernels/index.js";
import type { DrawOptions } from "../../src/testing/draw-tensors.js";

const groups = {
  Rows: { dtype: "i32", dims: [5], data: Int32Array.of(0, 1, 0, 2, 1) },
  Offsets: { dtype: "i32", dims: [3], data: Int32Array.of(0, 2, 5) },
} as const;
const paged = {
  Table: { dtype: "i32", dims: [1, 2], data: Int32Array.of(2, 0) },
} as const;
const choices = {
  Expert: { dtype: "i32", dims: [3, 2], data: Int32Array.of(2, 0, 1, 2, 0, 2) },
} as const;
/** a kernel, and what its draws need */
export type Drawable = readonly [library.TileKernel, Pick<DrawOptions, "dims" | "tensors">?];
const any = (kernel: object): library.TileKernel => kernel as library.TileKernel;

export const libraryKernels: Readonly<Record<string, Drawable>> = {
  linear: [any(library.linear({ prologue: library.silu, epilogue: library.gelu }))],
  splitLinear: [any(library.splitLinear())],
  batchedProduct: [any(library.batchedProduct())],
  groupedLinear: [any(library.groupedLinear()), { tensors: groups, dims: { G: 2, T: 3 } }],
  quantizedLinear: [any(library.quantizedLinear({ bits: 4, group: 2 })), { dims: { K: 8, G: 4 } }],
  integerLinear: [any(library.integerLinear())],
  integerLinear4: [any(library.integerLinear4())],
  quantizeRows: [any(library.quantizeRows())],
  packNibbles: [any(library.packNibbles())],
  moeGate: [any(library.moeGate({ scores: "sigmoid", topGroups: 1 })), { dims: { T: 3, G: 2, E: 3, K: 2 } }],
  moeDispatch: [any(library.moeDispatch()), { tensors: choices, dims: { B: 4, M: 6 } }],
  moeCombine: [any(library.moeCombine())],
  topK: [any(library.topK()), { dims: { C: 9, K: 4 } }],
  sortRows: [any(library.sortRows())],
  conv2d: [any(library.conv2d({ stride: 2, pad: 1 }))],
  depthwiseConv2d: [any(library.depthwiseConv2d({ pad: 1 }))],
  attention: [any(library.attention({ causal: true, window: 2 }))],
  cachedAttention: [any(library.cachedAttention({ causal: true }))],
  pagedAttention: [any(library.pagedAttention({ causal: true })), { tensors: paged, dims: { P: 3, H: 2, G: 2 } }],
  latentAttention: [any(library.latentAttention({ scale: 0.5 }))],
  rotary: [any(library.rotary())],
  softmax: [any(library.softmax())],
  layerNorm: [any(library.layerNorm())],
  addRmsNorm: [any(library.addRmsNorm())],
  crossEntropy: [any(library.crossEntropy())],
};
