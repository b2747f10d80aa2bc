// What load() may be given, opened as a byte source: bytes, a path, a URL.
import type { ModelSource } from "../runtime/api.js";
import { addressOf, isAddress, openFile, readBytes } from "../runtime/platform.js";
import { type ByteSource, memorySource, readAhead } from "../support/byte-source.js";
import { AzulejoError } from "../support/errors.js";

export interface OpenedModel {
  readonly source: ByteSource;
  /** opens a file beside the model; undefined for bytes, which have no folder */
  readonly openExternal?: (name: string) => Promise<ByteSource>;
}

const isUrl = (s: string): boolean => /^(https?|blob|data):/.test(s);

export async function openModel(given: ModelSource, signal?: AbortSignal): Promise<OpenedModel> {
  if (given instanceof Uint8Array || given instanceof ArrayBuffer) return { source: memorySource(given) };
  if (typeof given !== "string" && !isAddress(given))
    throw new AzulejoError("option", "load() takes a path, a URL, a Uint8Array or an ArrayBuffer; give one of them");
  const text = String(given);
  if (isUrl(text)) {
    const fetched = async (url: string): Promise<ByteSource> =>
      memorySource(await readBytes(url, signal ? { signal } : {}), url);
    return { source: await fetched(text), openExternal: name => fetched(addressOf(name, text).href) };
  }
  const path = /^file:/i.test(text) ? addressOf(text) : text;
  const folder = text.replace(/[^/\\]*$/, "");
  return {
    source: await fileSource(path, text),
    openExternal: name => fileSource(typeof path === "string" ? folder + name : addressOf(name, path), name),
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
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      await readInto(offset, bytes);
      return bytes;
    },
    readInto,
    close: () => file.close(),
  });
}
