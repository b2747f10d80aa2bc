// A kernel that the GPU has no means for, computed by the interpreter on the bytes of its buffers. Who moves them is not here.
import { ownerOf } from "../../graph/memory-plan.js";
import type { Buffer } from "../../graph/program.js";
import { bytesOf } from "../../ir/dtypes.js";
import { runKernel } from "../../ir/evaluate/kernel.js";
import { denseStrides, type Storage } from "../../ir/evaluate/memory.js";
import type { Tensor } from "../../ir/tile.js";
import type { TensorArray } from "../../runtime/tensor.js";
import { arrayOf } from "../../runtime/tensor-bytes.js";
import type { Plan } from "./plan.js";
import type { KernelStep } from "./steps.js";

export class HostKernel {
  readonly #step: KernelStep;
  readonly #plan: Plan;
  readonly #arrays: ReadonlyMap<Buffer, TensorArray>;

  /** `bytes`: of all buffers that it touches, by the owners of their memory; they are changed */
  constructor(step: KernelStep, plan: Plan, bytes: ReadonlyMap<Buffer, Uint8Array>) {
    this.#step = step;
    this.#plan = plan;
    this.#arrays = new Map([...bytes].map(([b, own]) => [b, arrayOf(b.dtype, own)]));
  }
  run(): void {
    const { kernel } = this.#step;
    const storages = new Map<Tensor, Storage>(kernel.tensors.map(t => [t, this.#storage(t)]));
    runKernel(kernel, storages, { symbols: this.#plan.symbolsOf(this.#step) });
  }
  /** What run() wrote into, by owner. */
  get written(): ReadonlyMap<Buffer, Uint8Array> {
    const outputs = this.#step.kernel.tensors.filter(t => t.role !== "input");
    return new Map(
      outputs.map(t => {
        const owner = ownerOf(this.#step.buffers[t.name]!);
        const { buffer, byteOffset, byteLength } = this.#arrays.get(owner)!;
        return [owner, new Uint8Array(buffer, byteOffset, byteLength)];
      }),
    );
  }
  #storage(t: Tensor): Storage {
    const { size } = this.#plan;
    const b = this.#step.buffers[t.name]!;
    const dims = b.dims.map(size);
    const order = b.constant ? dims.map((_, d) => d) : b.layout.order;
    const dense = dims.map(() => 0);
    denseStrides(order.map(d => dims[d]!)).forEach((n, k) => {
      dense[order[k]!] = n;
    });
    const strides = b.layout.strides && !b.constant ? b.layout.strides.map(size) : dense;
    const offset = this.#plan.offsetBytes(b) / bytesOf(t.dtype);
    return { dtype: t.dtype, dims, strides, offset, data: this.#arrays.get(ownerOf(b))! };
  }
}
