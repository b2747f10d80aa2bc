// Where bytes of a model come from: memory, a file, a URL. Readers ask for ranges, so that a large file never has to be in
// memory as a whole. Files and URLs are opened by runtime/platform.ts; here is only what ES alone can do.

export interface ByteSource {
  /** for messages: a path, a URL, or "model" */
  readonly name: string;
  readonly size: number;
  /** Exactly `length` bytes, offset + length ≤ size. Sync where the bytes are at hand. A shared view: don't write into it. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
  /** frees the handle, if there is one; reads after it fail */
  close?(): void | Promise<void>;
}

/** Bytes in memory; nothing is copied, so the caller must leave them alone as long as the source is used. */
export function memorySource(bytes: Uint8Array | ArrayBuffer, name = "model"): ByteSource {
  // A plain view: slice() of a Node Buffer would not copy, subarray() of a plain array is never one.
  const all =
    bytes instanceof Uint8Array
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
  return { name, size: all.byteLength, read: (offset, length) => all.subarray(offset, offset + length) };
}
