// `azulejo/kernels`: kernels to call, to fuse with one's own functions, and to learn from. Each is a few lines of `azulejo/tile`.

export type { TileKernel } from "../author/kernel.js";
export {
  type AttentionOptions,
  attention,
  cachedAttention,
  latentAttention,
  pagedAttention,
  rotary,
  type Score,
} from "./attention.js";
export { type ConvolutionOptions, conv2d, depthwiseConv2d } from "./convolution.js";
export { gelu, type Pointwise, relu, sigmoid, silu } from "./pointwise.js";
export {
  batchedProduct,
  groupedLinear,
  linear,
  type ProductOptions,
  quantizedLinear,
  splitLinear,
} from "./products.js";
export { addRmsNorm, crossEntropy, layerNorm, softmax } from "./rows.js";
export { type GateOptions, moeCombine, moeDispatch, moeGate } from "./experts.js";
export { integerLinear, integerLinear4, packNibbles, quantizeRows } from "./integers.js";
export { sortRows, topK } from "./ordering.js";
