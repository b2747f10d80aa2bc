// Ranges of GPU buffers on their way back: copied into buffers that can be mapped, as few of them as the device's largest buffer allows.
import {
  type GpuBuffer,
  type GpuCommandEncoder,
  type GpuDevice,
  mapRead,
  usage,
  wordBytes,
} from "../../runtime/gpu.js";
import { copyOf } from "../../support/bytes.js";
import type { Place } from "./plan.js";

type Range = Pick<Place, "buffer" | "offsetBytes" | "bytes">;
/** A range within a staging buffer. */
interface Part {
  readonly range: Range;
  /** copies go by whole words, from whole words */
  readonly from: number;
  readonly length: number;
  readonly staging: number;
  readonly at: number;
}

export class ReadBack {
  readonly #parts: readonly Part[];
  readonly #buffers: readonly GpuBuffer[];

  /** Records the copies; what it reads is what the ranges hold when the encoder's commands are over. */
  constructor(device: GpuDevice, encoder: GpuCommandEncoder, ranges: readonly Range[]) {
    const most = device.limits.maxBufferSize ?? 2 ** 28;
    const sizes = [0];
    this.#parts = ranges.map(range => {
      const from = range.offsetBytes - (range.offsetBytes % 4);
      const length = range.bytes === 0 ? 0 : wordBytes(range.offsetBytes + range.bytes - from);
      if (sizes.at(-1)! + length > most) sizes.push(0);
      const staging = sizes.length - 1;
      const at = sizes[staging]!;
      sizes[staging] = at + length;
      return { range, from, length, staging, at };
    });
    this.#buffers = sizes.map(size => device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget }));
    for (const { range, from, length, staging, at } of this.#parts)
      if (length > 0) encoder.copyBufferToBuffer(range.buffer, from, this.#buffers[staging]!, at, length);
  }
  /** After the submission, once: the bytes of each range, in memory of its own. */
  async bytes(): Promise<readonly Uint8Array[]> {
    try {
      await Promise.all(this.#buffers.map(b => b.mapAsync(mapRead)));
      const mapped = this.#buffers.map(b => b.getMappedRange());
      return this.#parts.map(({ range, from, staging, at }) =>
        copyOf(new Uint8Array(mapped[staging]!, at + range.offsetBytes - from, range.bytes)),
      );
    } finally {
      for (const b of this.#buffers) b.destroy();
    }
  }
}
