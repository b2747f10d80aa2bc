// What load() may be given, opened as a byte source: bytes, a path, a URL.
import type { LoadOptions, ModelSource } from "../runtime/api.js";
import { addressInPage, addressOf, digestOf, hasFiles, isAddress, openFile, readBytes } from "../runtime/platform.js";
import { type ByteSource, type ContentIdentity, memorySource, readAhead } from "../support/byte-source.js";
import { AzulejoError } from "../support/errors.js";

export interface OpenedModel {
  readonly source: ByteSource;
  /** opens a file that the model names; absent for bytes, which have no folder */
  readonly openExternal?: (name: string) => Promise<ByteSource>;
  /** those that were opened */
  readonly external: ReadonlyMap<string, ByteSource>;
  /** frees all handles; reads after it fail */
  close(): Promise<void>;
}

const isUrl = (s: string): boolean => /^(https?|blob|data):/.test(s);

/** `readExternal` takes the place of the file system or fetch for the files that the model names. */
export async function openModel(
  given: ModelSource,
  { signal, readExternal }: Pick<LoadOptions, "signal" | "readExternal"> = {},
): Promise<OpenedModel> {
  const { source, openExternal } = await opened(given, signal);
  const open = readExternal ? async (name: string) => memorySource(await readExternal(name), name) : openExternal;
  const external = new Map<string, ByteSource>();
  const once = async (name: string): Promise<ByteSource> => {
    const known = external.get(name) ?? (await open!(name));
    external.set(name, known);
    return known;
  };
  const close = async (): Promise<void> => {
    for (const s of [source, ...external.values()]) await s.close?.();
  };
  return { source, ...(open ? { openExternal: once } : {}), external, close };
}

async function opened(
  given: ModelSource,
  signal: AbortSignal | undefined,
): Promise<Pick<OpenedModel, "source" | "openExternal">> {
  if (given instanceof Uint8Array || given instanceof ArrayBuffer) return { source: hashed(memorySource(given)) };
  if (typeof given !== "string" && !isAddress(given))
    throw new AzulejoError("option", "load() takes a path, a URL, a Uint8Array or an ArrayBuffer; give one of them");
  const text = hasFiles() ? String(given) : addressInPage(String(given));
  if (isUrl(text) || !hasFiles()) {
    const fetched = async (url: string): Promise<ByteSource> =>
      hashed(memorySource(await readBytes(url, signal ? { signal } : {}), url));
    return { source: await fetched(text), openExternal: name => fetched(addressOf(name, text).href) };
  }
  const path = /^file:/i.test(text) ? addressOf(text) : text;
  const folder = text.replace(/[^/\\]*$/, "");
  return {
    source: await fileSource(path, text),
    openExternal: name => fileSource(typeof path === "string" ? folder + name : addressOf(name, path), name),
  };
}

/** Bytes are what their digest says. */
function hashed(source: ByteSource): ByteSource {
  const identify = async (): Promise<ContentIdentity | undefined> => {
    const digest = await digestOf(await source.read(0, source.size));
    return digest === undefined ? undefined : { key: `bytes ${digest}`, changedMs: 0 };
  };
  let known: Promise<ContentIdentity | undefined> | undefined;
  return {
    ...source,
    identity: () => {
      known ??= identify();
      return known;
    },
  };
}

async function fileSource(path: string | URL, name: string): Promise<ByteSource> {
  const file = await openFile(path);
  const readInto = async (offset: number, target: Uint8Array): Promise<void> => {
    const got = await file.read(target, offset);
    if (got < target.length)
      throw new AzulejoError(
        "model-format",
        `${name} ends ${target.length - got} bytes before it should; it changed while it was read, or was cut off: fetch it again`,
      );
  };
  return readAhead({
    name,
    size: file.byteLength,
    readInto,
    identity: () => file.identity(),
    close: () => file.close(),
  });
}
