// Weights in the memory of one device: each is uploaded once, from where it comes straight into the memory that the GPU reads, and shared by
// all programs that are made of it.
import type { Buffer } from "../../graph/program.js";
import { bytesOf } from "../../ir/dtypes.js";
import { bufferBytes, type GpuBuffer, usage } from "../../runtime/gpu.js";
import { AzulejoError } from "../../support/errors.js";
import { mib, outOfMemory, type SharedDevice } from "./device.js";
import { checkSize } from "./plan.js";

type Source = NonNullable<Buffer["constant"]>;
interface Held {
  readonly buffer: Promise<GpuBuffer>;
  users: number;
}

export class Weights {
  readonly #shared: SharedDevice;
  readonly #held = new Map<Source, Held>();
  #bytes = 0;

  constructor(shared: SharedDevice) {
    this.#shared = shared;
  }
  /** Buffers for constants, in the order in which they are given, and how many bytes they take. @throws AzulejoError memory, model-format */
  async take(
    constants: readonly Buffer[],
    onProgress: (fraction: number) => void,
  ): Promise<{ readonly buffers: ReadonlyMap<Buffer, GpuBuffer>; readonly bytes: number }> {
    const buffers = new Map<Buffer, GpuBuffer>();
    const taken: Source[] = [];
    let bytes = 0;
    try {
      // one after the other: no two of them are in memory of this process
      for (const [i, b] of constants.entries()) {
        taken.push(b.constant!);
        buffers.set(b, await this.#hold(b));
        bytes += b.constant!.byteLength;
        onProgress((i + 1) / constants.length);
      }
    } catch (error) {
      this.#release(taken);
      throw error;
    }
    return { buffers, bytes };
  }
  release(constants: Iterable<Buffer>): void {
    this.#release([...constants].map(b => b.constant!));
  }
  #release(sources: readonly Source[]): void {
    for (const source of sources) {
      const held = this.#held.get(source);
      if (!held || --held.users > 0) continue;
      this.#held.delete(source);
      this.#bytes -= source.byteLength;
      void held.buffer.then(b => b.destroy()).catch(() => undefined);
    }
  }
  #hold(b: Buffer): Promise<GpuBuffer> {
    const source = b.constant!;
    let held = this.#held.get(source);
    if (!held) {
      held = { buffer: this.#upload(b, source), users: 0 };
      this.#held.set(source, held);
      this.#bytes += source.byteLength;
    }
    held.users++;
    return held.buffer;
  }
  async #upload(b: Buffer, source: Source): Promise<GpuBuffer> {
    const { byteLength } = source;
    if (byteLength % bytesOf(b.dtype) !== 0)
      throw new AzulejoError(
        "model-format",
        `constant "${b.name}" has ${byteLength} bytes, which is no multiple of ${bytesOf(b.dtype)}; export the model again`,
      );
    const { device } = this.#shared;
    checkSize(device.limits, byteLength, b.name);
    const numbers = (): string =>
      `"${b.name}" takes ${mib(byteLength)} beside ${mib(this.#bytes - byteLength)} of weights`;
    const created = (): { readonly buffer: GpuBuffer; readonly bytes: Uint8Array } => {
      const size = bufferBytes(byteLength);
      const options = { size, usage: usage.storage | usage.copySource | usage.copyTarget, mappedAtCreation: true };
      const buffer = device.createBuffer(options);
      return { buffer, bytes: new Uint8Array(buffer.getMappedRange(), 0, byteLength) };
    };
    const { buffer, bytes } = await this.#shared.checked(numbers, () => {
      try {
        return created();
      } catch (cause) {
        // memory for the upload itself, which is this process's
        throw outOfMemory(numbers(), cause instanceof Error ? cause.message : String(cause));
      }
    });
    try {
      if (source.readInto) await source.readInto(bytes, 0);
      else bytes.set(await source.read());
      buffer.unmap();
      return buffer;
    } catch (error) {
      buffer.destroy();
      this.#shared.requireDevice();
      throw error;
    }
  }
}
