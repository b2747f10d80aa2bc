// Data of a Tensor that lie in a GPUBuffer: where they come from, how they are read, who frees them.
import type { HostGpuBuffer } from "../../runtime/gpu.js";
import { GpuTensor } from "../../runtime/gpu-tensor.js";
import { AzulejoError } from "../../support/errors.js";

/** How onnxruntime is told of a buffer; a download that is not given is made with the device that sessions use. */
export interface GpuBufferOptions<Type extends string, Data> {
  /** default: "float32" */
  readonly dataType?: Type;
  readonly dims: readonly number[];
  readonly download?: () => Promise<Data>;
  /** absent: whoever made the buffer destroys it */
  readonly dispose?: () => void;
}

export interface GpuData<Data> {
  readonly buffer: HostGpuBuffer;
  /** what sessions of this package made, and take as it is */
  readonly tensor: GpuTensor | undefined;
  readonly download: (() => Promise<Data>) | undefined;
  readonly dispose: (() => void) | undefined;
}

/** onnxruntime's sentence in our words, wherever data are asked for that are not here. */
export const notOnCpu = (type: string): AzulejoError =>
  new AzulejoError("input", `this Tensor of type "${type}" lies in a GPU buffer; await getData(), or use gpuBuffer`);
