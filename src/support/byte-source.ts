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

/** what one read of a file brings along */
const WINDOW_BYTES = 1 << 20;
/** reads from this size on are not worth a copy */
const LARGE_BYTES = 256 << 10;

/**
 * A source whose small reads are served from windows of a megabyte: a model has hundreds of small tensors side by side, and a read of
 * a file costs 0.1 ms whatever its size. The last two windows are kept; closing forgets them.
 */
export function readAhead(source: ByteSource): ByteSource {
  let windows: { readonly start: number; readonly bytes: Promise<Uint8Array> }[] = [];
  const windowAt = (start: number): Promise<Uint8Array> => {
    const known = windows.find(w => w.start === start);
    if (known) return known.bytes;
    const bytes = Promise.resolve(source.read(start, Math.min(WINDOW_BYTES, source.size - start)));
    windows = [{ start, bytes }, ...windows.slice(0, 1)];
    return bytes;
  };
  return {
    name: source.name,
    size: source.size,
    read: (offset, length) => {
      const start = offset - (offset % WINDOW_BYTES);
      if (length >= LARGE_BYTES || offset + length > start + WINDOW_BYTES) return source.read(offset, length);
      return windowAt(start).then(bytes => bytes.subarray(offset - start, offset - start + length));
    },
    ...(source.readInto ? { readInto: throughOneWindow(source, source.readInto) } : {}),
    ...(source.identity ? { identity: () => source.identity!() } : {}),
    close: () => {
      windows = [];
      return source.close?.();
    },
  };
}

/** Small reads into the caller's memory are copied from one window that is filled again and again: they leave no garbage. */
function throughOneWindow(
  source: ByteSource,
  readInto: NonNullable<ByteSource["readInto"]>,
): NonNullable<ByteSource["readInto"]> {
  let buffer: Uint8Array | undefined;
  let start = 0;
  let end = 0;
  const copy = async (offset: number, target: Uint8Array): Promise<void> => {
    buffer ??= new Uint8Array(WINDOW_BYTES);
    for (let done = 0; done < target.length; ) {
      const at = offset + done;
      if (at < start || at >= end) {
        const length = Math.min(WINDOW_BYTES, source.size - at);
        // nothing is in the window while it is filled, or if that fails
        end = 0;
        await readInto(at, buffer.subarray(0, length));
        start = at;
        end = at + length;
      }
      const part = buffer.subarray(at - start, Math.min(end - start, at - start + target.length - done));
      target.set(part, done);
      done += part.length;
    }
  };
  let turn: Promise<unknown> = Promise.resolve();
  return (offset, target) => {
    if (target.length >= LARGE_BYTES) return readInto(offset, target);
    const mine = turn.then(() => copy(offset, target));
    turn = mine.catch(() => {});
    return mine;
  };
}
