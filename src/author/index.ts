// `azulejo/tile`: what kernel authors import. The words are src/tile; here kernels can run, too.

// not among the words, so that who only compiles models carries no parser
export { interpretKernel } from "../ir/evaluate/kernel.js";
export { parse } from "../ir/parse.js";
export { print } from "../ir/print.js";
export type { ExplainKernelOptions, KernelExplanation } from "../load/explain-kernel.js";
export type { RunKernelOptions } from "../load/kernel-runs.js";
export * from "../tile/index.js";
// those of the language itself only record
export { type KernelArguments, type KernelResults, kernel, TileKernel } from "./kernel.js";
