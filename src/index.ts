// `azulejo`: load a model, run it.

export type { Graph, GraphNode, Value } from "./graph/graph.js";
export { printGraph } from "./graph/print.js";
export type { Dtype } from "./ir/dtypes.js";
export { Poly } from "./ir/poly.js";
export type { CompileKernelOptions } from "./load/compile-kernel.js";
export type { Costs } from "./load/diagnose/costs.js";
export type { Diagnosis, OpenDims, Problem } from "./load/diagnose/diagnose.js";
export type { MissingOperator, OperatorUse, Support } from "./load/diagnose/operator-uses.js";
export type { Risk } from "./load/diagnose/risks.js";
export type { HostReport, TargetState } from "./load/doctor.js";
export type { ExplainOptions, Stage } from "./load/explain.js";
export { compileKernel, diagnose, doctor, explain, explainHtml, openGpu } from "./load/lazily.js";
export { load } from "./load/load.js";
export type { Operator } from "./ops/operator.js";
export {
  type DecodedImage,
  type ImageDecoder,
  type KernelEditor,
  type LoadOptions,
  type Model,
  type ModelSource,
  type Pass,
  type Report,
  type RunModelOptions,
  Tensor,
  type TensorInfo,
  TextTensor,
} from "./runtime/api.js";
export type { OpenedGpu } from "./runtime/gpu.js";
export { type GpuMemory, GpuTensor } from "./runtime/gpu-tensor.js";
export type { HostMap, HostValue } from "./runtime/host-value.js";
export type { KernelTime, Profile } from "./runtime/profile.js";
export type { Progress, StepTime, Transfer } from "./runtime/target.js";
export type { TensorArray, TensorArrays, TensorData } from "./runtime/tensor.js";
export { AzulejoError, type ErrorCode } from "./support/errors.js";
