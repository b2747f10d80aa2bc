// BMP: palettes of 1, 4 and 8 bits, 16, 24 and 32 bits, bit fields, and the run lengths of 4 and 8 bits.
// Format: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage. Alpha is left out, since ImageDecoder has no place for it.
import type { DecodedImage } from "../../runtime/image.js";
import { maxPixels } from "./format.js";

interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  readonly masks: readonly number[];
  /** where colours of 3 or 4 bytes lie */
  readonly palette: { readonly offset: number; readonly entry: number; readonly count: number };
  readonly pixels: number;
}
type Color = readonly [red: number, green: number, blue: number];

const [plain, rle8, rle4, bitFields, alphaBitFields] = [0, 1, 2, 3, 6];

/** undefined: a damaged file, or a kind of bitmap that is not read here (JPEG or PNG inside). Throws where a palette or run ends too early. */
export function readBitmap(bytes: Uint8Array): DecodedImage | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = headerOf(view);
  if (!header) return undefined;
  const { width, height, topDown } = header;
  const colorAt = header.bits <= 8 ? fromPalette(view, header) : fromFields(view, header);
  if (!colorAt) return undefined;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = topDown ? y : height - 1 - y;
    for (let x = 0; x < width; x++) data.set(colorAt(x, row), (y * width + x) * 3);
  }
  return { width, height, channels: 3, data };
}

function headerOf(view: DataView): Header | undefined {
  const size = view.getUint32(14, true);
  const pixels = view.getUint32(10, true);
  const core = size === 12;
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const rows = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = core ? plain : view.getUint32(30, true);
  const height = Math.abs(rows);
  if (width <= 0 || height === 0 || width * height > maxPixels) return undefined;
  // nothing is set aside for pixels that are not there
  if (compression !== rle8 && compression !== rle4 && pixels + rowBytes({ width, bits }) * height > view.byteLength)
    return undefined;
  const isFields = compression === bitFields || compression === alphaBitFields;
  const behind = size === 40 && isFields ? (compression === bitFields ? 12 : 16) : 0;
  return {
    width,
    height,
    topDown: rows < 0,
    bits,
    compression,
    masks: isFields
      ? [54, 58, 62].map(at => view.getUint32(at, true))
      : bits === 16
        ? [0x7c00, 0x3e0, 0x1f]
        : [0xff0000, 0xff00, 0xff],
    palette: {
      offset: 14 + size + behind,
      entry: core ? 3 : 4,
      count: (core ? 0 : view.getUint32(46, true)) || 2 ** Math.min(bits, 8),
    },
    pixels,
  };
}

type ColorAt = (x: number, row: number) => Color;

function fromPalette(view: DataView, header: Header): ColorAt | undefined {
  const { bits, compression, palette } = header;
  if (![1, 4, 8].includes(bits)) return undefined;
  const indexAt = compression === plain ? packedIndices(view, header) : runLengths(view, header);
  return (
    indexAt &&
    ((x, row) => {
      const index = indexAt(x, row);
      if (index >= palette.count) throw new RangeError(`colour ${index} of ${palette.count}`);
      const at = palette.offset + index * palette.entry;
      return [view.getUint8(at + 2), view.getUint8(at + 1), view.getUint8(at)];
    })
  );
}

/** Rows fill 32-bit words. */
const rowBytes = ({ width, bits }: Pick<Header, "width" | "bits">): number => Math.ceil((width * bits) / 32) * 4;

function packedIndices(view: DataView, header: Header): (x: number, row: number) => number {
  const { bits, pixels } = header;
  return (x, row) => {
    const byte = view.getUint8(pixels + row * rowBytes(header) + ((x * bits) >> 3));
    return (byte >> (8 - bits - ((x * bits) & 7))) & (2 ** bits - 1);
  };
}

function fromFields(view: DataView, header: Header): ColorAt | undefined {
  const { bits, compression, masks, pixels } = header;
  if (![16, 24, 32].includes(bits) || ![plain, bitFields, alphaBitFields].includes(compression)) return undefined;
  const bytes = bits / 8;
  const fields = masks.map(mask => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, max: mask >>> shift };
  });
  return (x, row) => {
    const at = pixels + row * rowBytes(header) + x * bytes;
    const value =
      bytes === 2
        ? view.getUint16(at, true)
        : bytes === 4
          ? view.getUint32(at, true)
          : view.getUint16(at, true) + view.getUint8(at + 2) * 65536;
    return fields.map(({ mask, shift, max }) =>
      max === 0 ? 0 : Math.round((((value & mask) >>> shift) * 255) / max),
    ) as readonly number[] as Color;
  };
}

/** Pairs of a count and an index (two of 4 bits in turn), and after a 0 what ends a line, ends all, moves on or is spelled out. */
function runLengths(view: DataView, header: Header): ((x: number, row: number) => number) | undefined {
  const { width, height, bits, compression, pixels } = header;
  if (compression !== (bits === 8 ? rle8 : rle4) || bits === 1) return undefined;
  const indices = new Uint8Array(width * height);
  let [x, row, at] = [0, 0, pixels];
  const next = (): number => view.getUint8(at++);
  const put = (index: number): void => {
    if (x < width && row < height) indices[row * width + x] = index;
    x++;
  };
  const half = (byte: number, i: number): number => (bits === 8 ? byte : i % 2 === 0 ? byte >> 4 : byte & 15);
  while (row < height) {
    const [count, value] = [next(), next()];
    if (count > 0) for (let i = 0; i < count; i++) put(half(value, i));
    else if (value === 0) [x, row] = [0, row + 1];
    else if (value === 1) break;
    else if (value === 2) [x, row] = [x + next(), row + next()];
    else {
      const start = at;
      for (let i = 0; i < value; i++) put(half(view.getUint8(start + (bits === 8 ? i : i >> 1)), i));
      // what is spelled out fills 16-bit words
      at = start + 2 * Math.ceil((value * bits) / 16);
    }
  }
  return (x, row) => indices[row * width + x]!;
}
