// A tensor in the memory of a GPU: an output that stays there, or a buffer of the user's. It is fed to models on the same device without
// a copy, and read back when download() is asked for.
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf, dtypes } from "../ir/dtypes.js";
import { AzulejoError } from "../support/errors.js";
import { Tensor } from "./api.js";
import {
  type GpuBuffer,
  type GpuDevice,
  type HostGpuBuffer,
  type HostGpuDevice,
  mapRead,
  usage,
  wordBytes,
} from "./gpu.js";
import type { TensorArrays, TensorData } from "./tensor.js";
import { arrayOf } from "./tensor-bytes.js";

/** Where the elements of a `GpuTensor` lie. */
export interface GpuMemory {
  /** the device that made the buffer: `openGpu()` gives the one that models share */
  readonly device: HostGpuDevice;
  /**
   * A GPUBuffer of at least as many bytes as the elements take, in whole words, with usage STORAGE (else each run copies it) and COPY_SRC (else it
   * can't be downloaded). Elements are dense and row-major; those of 8 and 16 bits are packed.
   */
  readonly buffer: HostGpuBuffer;
  /** called once by dispose(); absent: the buffer is destroyed */
  readonly dispose?: () => void;
}

/** A tensor whose elements lie in a buffer of a GPU: an output that stays there, an input that is there already. */
export class GpuTensor<D extends Dtype = Dtype> implements TensorData {
  readonly dtype: D;
  readonly dims: readonly number[];
  readonly #device: GpuDevice;
  readonly #free: () => void;
  #buffer: GpuBuffer | undefined;

  /** @throws AzulejoError input: there is no such dtype, dims are no whole numbers, the buffer is too small, or no buffer */
  constructor(dtype: D, { device, buffer: given, dispose }: GpuMemory, dims: readonly number[]) {
    const buffer = given as unknown as GpuBuffer;
    if (!Object.hasOwn(dtypes, dtype))
      throw new AzulejoError(
        "input",
        `A GpuTensor of "${String(dtype)}" is none; its dtype is one of ${Object.keys(dtypes).join(", ")}`,
      );
    if (!Array.isArray(dims) || !dims.every(n => Number.isSafeInteger(n) && n >= 0))
      throw new AzulejoError("input", `A GpuTensor of dims [${String(dims)}] is none; use whole numbers from 0`);
    const bytes = dims.reduce((product, n) => product * n, bytesOf(dtype));
    if (!Number.isSafeInteger(buffer?.size) || typeof (device as unknown as GpuDevice)?.createBuffer !== "function")
      throw new AzulejoError(
        "input",
        "A GpuTensor needs a GPUBuffer and the GPUDevice that made it; give { device, buffer }",
      );
    if (!Number.isSafeInteger(bytes) || buffer.size < wordBytes(bytes))
      throw new AzulejoError(
        "input",
        `A GpuTensor of ${dtype} [${dims.join(", ")}] takes ${wordBytes(bytes)} bytes, and its buffer has ${buffer.size}; give a larger one`,
      );
    this.dtype = dtype;
    this.dims = dims;
    this.#device = device as unknown as GpuDevice;
    this.#buffer = buffer;
    this.#free = dispose ?? (() => buffer.destroy());
  }
  /** A Tensor says "cpu". */
  get location(): "gpu-buffer" {
    return "gpu-buffer";
  }
  /** The buffer that holds the elements. @throws AzulejoError disposed */
  get gpuBuffer(): HostGpuBuffer {
    if (this.#buffer) return this.#buffer as unknown as HostGpuBuffer;
    throw new AzulejoError("disposed", "This GpuTensor was disposed; keep it until it is not needed any more");
  }
  /** the device that made the buffer */
  get gpuDevice(): HostGpuDevice {
    return this.#device as unknown as HostGpuDevice;
  }
  /** Not here: @throws AzulejoError input, always */
  get data(): TensorArrays[D] {
    throw new AzulejoError(
      "input",
      `This tensor of ${this.dtype} [${this.dims.join(", ")}] lies in the memory of a GPU; read it with await tensor.download()`,
    );
  }
  /** Reads the elements back. @throws AzulejoError disposed; device-lost; memory; input: the buffer's usage lacks COPY_SRC, or it is mapped or destroyed */
  async download(): Promise<Tensor<D>> {
    const buffer = this.gpuBuffer as unknown as GpuBuffer;
    if ((buffer.usage & usage.copySource) === 0)
      throw new AzulejoError(
        "input",
        "The buffer of this GpuTensor can't be copied from; create it with usage COPY_SRC too",
      );
    const bytes = this.dims.reduce((product, n) => product * n, bytesOf(this.dtype));
    const content = bytes === 0 ? new Uint8Array() : await readBuffer(this.#device, buffer, bytes);
    return new Tensor(this.dtype, arrayOf(this.dtype, content) as TensorArrays[D], this.dims);
  }
  /** Frees the buffer; a second call does nothing. Leave it until runs that were given it have settled. */
  dispose(): void {
    if (!this.#buffer) return;
    this.#buffer = undefined;
    this.#free();
  }
}

async function readBuffer(device: GpuDevice, buffer: GpuBuffer, bytes: number): Promise<Uint8Array> {
  const size = wordBytes(bytes);
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  const staging = device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  const refusals = Promise.all([device.popErrorScope(), device.popErrorScope()]);
  const mapped = staging.mapAsync(mapRead);
  mapped.catch(() => undefined);
  try {
    const [invalid, memory] = await refusals;
    if (memory)
      throw new AzulejoError(
        "memory",
        `The GPU has no ${size} bytes to read a tensor back (${lineOf(memory)}); dispose of models and tensors`,
      );
    if (invalid)
      throw new AzulejoError(
        "input",
        `The buffer of this GpuTensor can't be read (${lineOf(invalid)}); keep it unmapped, and do not destroy it before`,
      );
    await mapped;
    const content = new Uint8Array(staging.getMappedRange().slice(0, bytes));
    staging.unmap();
    return content;
  } catch (cause) {
    if (cause instanceof AzulejoError) throw cause;
    throw new AzulejoError(
      "device-lost",
      `A tensor could not be read back from the GPU (${lineOf(Object(cause))}); its device was lost: compute it again`,
      { cause },
    );
  } finally {
    staging.destroy();
  }
}
const lineOf = ({ message }: { readonly message?: string }): string => message?.split("\n")[0] || "no reason given";

export const isGpuTensor = (value: unknown): value is GpuTensor => value instanceof GpuTensor;
