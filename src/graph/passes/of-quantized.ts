// The passes that only quantised tensors concern, as one module: read when a graph has some.
export { foldQuantization } from "./fold-quantization.js";
export { foldRescale } from "./fold-rescale.js";
export { moveQuantized } from "./move-quantized.js";
export { pairIntegers } from "./pair-integers.js";
