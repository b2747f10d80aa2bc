// The formats that ONNX's ImageDecoder names, known by their first bytes.

export type ImageFormat = "BMP" | "JPEG" | "JPEG 2000" | "PNG" | "PNM" | "TIFF" | "WebP";

/** Bytes from the start; undefined stands for any. */
const signatures: readonly (readonly [format: ImageFormat, bytes: readonly (number | undefined)[]])[] = [
  ["BMP", [0x42, 0x4d]],
  ["JPEG", [0xff, 0xd8, 0xff]],
  // the file format JP2, and a bare codestream
  ["JPEG 2000", [0, 0, 0, 0x0c, 0x6a, 0x50, 0x20, 0x20, 0x0d, 0x0a, 0x87, 0x0a]],
  ["JPEG 2000", [0xff, 0x4f, 0xff, 0x51]],
  ["PNG", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ["TIFF", [0x49, 0x49, 0x2a, 0]],
  ["TIFF", [0x4d, 0x4d, 0, 0x2a]],
  ["WebP", [0x52, 0x49, 0x46, 0x46, undefined, undefined, undefined, undefined, 0x57, 0x45, 0x42, 0x50]],
  ...[1, 2, 3, 4, 5, 6, 7].map(n => ["PNM", [0x50, 0x30 + n]] as const),
];

export const formatOf = (bytes: Uint8Array): ImageFormat | undefined =>
  signatures.find(([, start]) => start.every((b, i) => b === undefined || bytes[i] === b))?.[0];

/** More pixels than this are taken for damage: a few bytes of a compressed file can promise any number. */
export const maxPixels = 2 ** 28;
