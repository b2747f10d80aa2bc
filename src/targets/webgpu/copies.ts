// Tensors that a dispatch reads from one binding though they lie apart, because the device binds few buffers: where each is copied to.
import type { Buffer } from "../../graph/program.js";
import { bytesOf } from "../../ir/dtypes.js";
import type { Binding } from "../../lower/gpu/lowered.js";
import { type GpuBuffer, wordBytes } from "../../runtime/gpu.js";

export interface Copy {
  readonly source: Buffer;
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly bytes: number;
  readonly target: GpuBuffer;
}
export interface CopiedBinding {
  readonly bytes: number;
  readonly copies: readonly Omit<Copy, "target">[];
  /** first elements, by tensor */
  readonly bases: ReadonlyMap<string, number>;
}
/** Where the elements of a buffer are within its memory. */
export interface Extent {
  readonly offsetBytes: number;
  readonly bytes: number;
}

export function copiedBinding(
  binding: Binding,
  bufferOf: (tensor: string) => Buffer,
  extentOf: (b: Buffer) => Extent,
): CopiedBinding {
  const copies: Omit<Copy, "target">[] = [];
  const bases = new Map<string, number>();
  let end = 0;
  for (const tensor of binding.tensors) {
    const source = bufferOf(tensor);
    const { offsetBytes, bytes } = extentOf(source);
    // copies go by whole words, from whole words
    const fromBytes = offsetBytes - (offsetBytes % 4);
    const length = wordBytes(offsetBytes + bytes - fromBytes);
    bases.set(tensor, (end + offsetBytes - fromBytes) / bytesOf(source.dtype));
    if (length > 0) copies.push({ source, fromBytes, toBytes: end, bytes: length });
    end += Math.ceil(length / 16) * 16;
  }
  return { bytes: end, copies, bases };
}
