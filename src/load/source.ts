// What load() may be given, opened as a byte source: bytes, a path, a URL.
import type { LoadOptions, ModelSource } from "../runtime/api.js";
import {
  addressInPage,
  addressOf,
  digestOf,
  hasFiles,
  isAddress,
  isFetched,
  openFile,
  readBytes,
} from "../runtime/platform.js";
import { type ByteSource, type ContentIdentity, memorySource, readAhead } from "../support/byte-source.js";
import { classOf, isBuffer, isUint8Array } from "../support/bytes.js";
import { AzulejoError } from "../support/errors.js";

export interface OpenedModel {
  readonly source: ByteSource;
  /** opens a file that the model names; absent for bytes, which have no folder */
  readonly openExternal?: (name: string) => Promise<ByteSource>;
  /** those that were opened */
  readonly external: ReadonlyMap<string, ByteSource>;
  /** From now on a read of a file that was written to since it was opened fails: it would not fit what was read before. */
  settle(): void;
  /** frees all handles; reads after it fail */
  close(): Promise<void>;
}

const copyOf = (given: Uint8Array | ArrayBufferLike): Uint8Array =>
  new Uint8Array(isBuffer(given) ? new Uint8Array(given) : given);

/** `readExternal` takes the place of the file system or fetch for the files that the model names. */
export async function openModel(
  given: ModelSource,
  { signal, readExternal }: Pick<LoadOptions, "signal" | "readExternal"> = {},
): Promise<OpenedModel> {
  let settled = false;
  const { source, openExternal } = await opened(given, signal, () => settled);
  const open = readExternal ? async (name: string) => givenSource(await readExternal(name), name) : openExternal;
  const external = new Map<string, ByteSource>();
  const once = async (name: string): Promise<ByteSource> => {
    const known = external.get(name) ?? (await open!(name));
    external.set(name, known);
    return known;
  };
  const close = async (): Promise<void> => {
    for (const s of [source, ...external.values()]) await s.close?.();
  };
  const settle = (): void => {
    settled = true;
  };
  return { source, ...(open ? { openExternal: once } : {}), external, settle, close };
}

async function opened(
  given: ModelSource,
  signal: AbortSignal | undefined,
  isSettled: () => boolean,
): Promise<Pick<OpenedModel, "source" | "openExternal">> {
  // a run may have to compile again, when the caller has long overwritten or transferred them: this is a copy
  if (isUint8Array(given) || isBuffer(given)) return { source: ownSource(copyOf(given), "model") };
  if (typeof given !== "string" && !isAddress(given))
    throw new AzulejoError("option", "load() takes a path, a URL, a Uint8Array or an ArrayBuffer; give one of them");
  const text = hasFiles() ? String(given) : addressInPage(String(given));
  if (isFetched(text)) {
    const fetched = async (url: string): Promise<ByteSource> =>
      ownSource(await readBytes(url, signal ? { signal } : {}), url);
    return { source: await fetched(text), openExternal: name => fetched(addressOf(name, text).href) };
  }
  const path = /^file:/i.test(text) ? addressOf(text) : text;
  const folder = text.replace(/[^/\\]*$/, "");
  return {
    source: await fileSource(path, text, isSettled),
    openExternal: name => fileSource(typeof path === "string" ? folder + name : addressOf(name, path), name, isSettled),
  };
}

const disposed = (): AzulejoError => new AzulejoError("disposed", "The model was disposed");

/** Bytes that nobody else has, and that closing frees; they are what their digest says. */
function ownSource(bytes: Uint8Array, name: string): ByteSource {
  let held: ByteSource | undefined = memorySource(bytes, name);
  const source = (): ByteSource => {
    if (held) return held;
    throw disposed();
  };
  const identify = async (): Promise<ContentIdentity | undefined> => {
    const digest = await digestOf(await source().read(0, source().size));
    return digest === undefined ? undefined : { key: `bytes ${digest}`, changedMs: 0 };
  };
  let known: Promise<ContentIdentity | undefined> | undefined;
  return {
    name,
    size: bytes.byteLength,
    read: (offset, length) => source().read(offset, length),
    readInto: (offset, target) => source().readInto!(offset, target),
    identity: () => {
      known ??= identify();
      return known;
    },
    close: () => {
      held = undefined;
    },
  };
}

/** Bytes of the caller's, who has promised to leave them alone: they may be gigabytes, and are not copied. */
function givenSource(bytes: Uint8Array, name: string): ByteSource {
  if (!isUint8Array(bytes) && !isBuffer(bytes))
    throw new Error(`readExternal gave ${classOf(bytes)}; give a Uint8Array`);
  const source = memorySource(bytes, name);
  const read: ByteSource["read"] = (offset, length) => {
    if (bytes.byteLength === source.size) return source.read(offset, length);
    throw new AzulejoError(
      "model-external-data",
      `the bytes of "${name}" that readExternal gave were transferred or resized since; leave them alone until dispose()`,
    );
  };
  return { ...source, read, readInto: async (offset, target) => target.set(await read(offset, target.length)) };
}

async function fileSource(path: string | URL, name: string, isSettled: () => boolean): Promise<ByteSource> {
  const file = await openFile(path);
  const written = await file.written();
  const fill = async (offset: number, target: Uint8Array): Promise<void> => {
    if (isSettled() && (await file.written()) !== written)
      throw new AzulejoError(
        "model-format",
        `${name} was written to since it was loaded, and these inputs need what it held; load it again`,
      );
    const got = await file.read(target, offset);
    if (got < target.length)
      throw new AzulejoError(
        "model-format",
        `${name} ends ${target.length - got} bytes before it should; it changed while it was read, or was cut off: fetch it again`,
      );
  };
  const reading = new Set<Promise<void>>();
  let closed = false;
  return readAhead({
    name,
    size: file.byteLength,
    readInto: async (offset, target) => {
      if (closed) throw disposed();
      const read = fill(offset, target);
      reading.add(read);
      await read.finally(() => reading.delete(read));
    },
    identity: () => file.identity(),
    // a handle that is closed may be another file's at once: what is being read is read to its end
    close: async () => {
      closed = true;
      await Promise.allSettled(reading);
      await file.close();
    },
  });
}
