// Where bytes of a model come from: memory, a file, a URL. Readers ask for ranges, so that a large file never has to be in
// memory as a whole. Files and URLs are opened by runtime/platform.ts; here is only what ES alone can do.

/** Equal keys mean equal content. */
export interface ContentIdentity {
  readonly key: string;
  /** milliseconds since 1970; a change in the same tick of the file system's clock would not show */
  readonly changedMs: number;
}

export interface ByteSource {
  /** for messages: a path, a URL, or "model" */
  readonly name: string;
  readonly size: number;
  /** Exactly `length` bytes, offset + length ≤ size. Sync where the bytes are at hand. A shared view: don't write into it. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
  /** The same, into memory of the caller's: as many bytes as it has. */
  readInto?(offset: number, target: Uint8Array): Promise<void>;
  /** Absent or undefined where it can't be told. */
  identity?(): Promise<ContentIdentity | undefined>;
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
  return {
    name,
    size: all.byteLength,
    read: (offset, length) => all.subarray(offset, offset + length),
    readInto: async (offset, target) => target.set(all.subarray(offset, offset + target.length)),
  };
}

/** What one read of a file brings along: little where readers jump, twice as much each time that they go on where the last one ended. */
const FIRST_BYTES = 32 << 10;
const WINDOW_BYTES = 1 << 20;
/** reads from this size on are not worth a copy */
const LARGE_BYTES = 64 << 10;

/** A source that reads into memory of the caller's. */
export type FileSource = Omit<ByteSource, "read"> & Required<Pick<ByteSource, "readInto">>;

/**
 * A source whose small reads are copied from a window of up to a megabyte, which is filled again and again: a model has hundreds of small
 * tensors side by side, and a read of a file costs 0.1 ms beside 1 ms for each megabyte. One window leaves no garbage. Closing forgets it.
 */
export function readAhead(file: FileSource): ByteSource {
  const window = new Window(file);
  const readInto = (offset: number, target: Uint8Array): Promise<void> =>
    target.length >= LARGE_BYTES ? file.readInto(offset, target) : window.copy(offset, target);
  return {
    name: file.name,
    size: file.size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      await readInto(offset, bytes);
      return bytes;
    },
    readInto,
    ...(file.identity ? { identity: () => file.identity!() } : {}),
    close: () => {
      window.forget();
      return file.close?.();
    },
  };
}

class Window {
  readonly #file: FileSource;
  #buffer: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  #bytes = FIRST_BYTES;
  /** one after the other: the window is everybody's */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(file: FileSource) {
    this.#file = file;
  }
  copy(offset: number, target: Uint8Array): Promise<void> {
    const mine = this.#turn.then(() => this.#copy(offset, target));
    this.#turn = mine.catch(() => {});
    return mine;
  }
  forget(): void {
    this.#buffer = undefined;
    this.#end = 0;
  }
  async #copy(offset: number, target: Uint8Array): Promise<void> {
    for (let done = 0; done < target.length; ) {
      const at = offset + done;
      if (at < this.#start || at >= this.#end) await this.#fill(at);
      const part = this.#buffer!.subarray(at - this.#start, Math.min(this.#end, offset + target.length) - this.#start);
      target.set(part, done);
      done += part.length;
    }
  }
  async #fill(at: number): Promise<void> {
    this.#buffer ??= new Uint8Array(WINDOW_BYTES);
    // a tensor or two that are read otherwise, or not at all, may lie between
    const goesOn = at >= this.#end && at < this.#end + FIRST_BYTES && this.#end > 0;
    this.#bytes = goesOn ? Math.min(WINDOW_BYTES, 2 * this.#bytes) : FIRST_BYTES;
    const length = Math.min(this.#bytes, this.#file.size - at);
    // nothing is in the window while it is filled, or if that fails
    this.#end = 0;
    await this.#file.readInto(at, this.#buffer.subarray(0, length));
    this.#start = at;
    this.#end = at + length;
  }
}
