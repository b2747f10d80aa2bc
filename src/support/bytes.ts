// What bytes come as, whichever realm made them: a test's sandbox and a frame have classes of their own, which instanceof does not know.

/** "Uint8Array" of a Buffer too */
export const classOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

export const isUint8Array = (value: unknown): value is Uint8Array => classOf(value) === "Uint8Array";

export const isBuffer = (value: unknown): value is ArrayBufferLike =>
  ["ArrayBuffer", "SharedArrayBuffer"].includes(classOf(value));

/** In memory of its own. Not slice(): V8 zeroes its result first, a third of the time from 64 KiB on, and that of a Node Buffer does not copy. */
export const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
