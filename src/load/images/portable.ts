// The portable formats of Netpbm: PBM, PGM and PPM as text and as bytes (P1 to P6), and PAM (P7).
// Formats: https://netpbm.sourceforge.net/doc/
import type { DecodedImage } from "../../runtime/image.js";
import { maxPixels } from "./format.js";

interface Header {
  readonly kind: number;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  /** the value of white */
  readonly max: number;
  /** where the pixels begin */
  readonly offset: number;
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || (byte! >= 0x09 && byte! <= 0x0d);

/** Words between blanks, from a place on; from # to the end of a line is a comment. */
class Words {
  readonly #bytes: Uint8Array;
  at: number;
  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }
  #skip(): void {
    for (;;) {
      const byte = this.#bytes[this.at];
      if (byte === 0x23) while (this.at < this.#bytes.length && this.#bytes[this.at] !== 0x0a) this.at++;
      else if (!isSpace(byte)) return;
      else this.at++;
    }
  }
  word(): string {
    this.#skip();
    let text = "";
    while (this.at < this.#bytes.length && !isSpace(this.#bytes[this.at]) && this.#bytes[this.at] !== 0x23)
      text += String.fromCharCode(this.#bytes[this.at++]!);
    return text;
  }
  /** NaN for what is no number */
  number(): number {
    const text = this.word();
    return /^\d+$/.test(text) ? Number(text) : Number.NaN;
  }
  /** the digits of P1 need no blanks between them */
  bit(): number {
    this.#skip();
    return this.#bytes[this.at++]! - 0x30;
  }
}

/** undefined: the file is damaged */
export function readPortable(bytes: Uint8Array): DecodedImage | undefined {
  const header = headerOf(bytes);
  if (!header) return undefined;
  const { width, height, channels } = header;
  const samples = samplesOf(bytes, header);
  if (!samples?.every(x => x >= 0 && x <= header.max)) return undefined;
  const data = Uint8Array.from(samples, x => Math.round((x * 255) / header.max));
  // a 1 of a bitmap is black
  if (header.kind === 1 || header.kind === 4) for (const [i, x] of data.entries()) data[i] = 255 - x;
  return { width, height, channels, data };
}

function headerOf(bytes: Uint8Array): Header | undefined {
  const kind = bytes[1]! - 0x30;
  const words = new Words(bytes, 2);
  const header = kind === 7 ? pamHeader(words) : plainHeader(words, kind);
  const { width, height, channels, max } = header;
  const whole = [width, height, channels, max].every(n => Number.isInteger(n) && n > 0);
  if (!whole || channels > 4 || max > 65535 || width * height > maxPixels) return undefined;
  // one blank ends the header of what is not text
  return { ...header, kind, channels: channels as Header["channels"], offset: words.at + 1 };
}

type Sizes = Record<"width" | "height" | "channels" | "max", number>;
function plainHeader(words: Words, kind: number): Sizes {
  const [width, height] = [words.number(), words.number()];
  const max = kind === 1 || kind === 4 ? 1 : words.number();
  return { width, height, max, channels: kind === 3 || kind === 6 ? 3 : 1 };
}

function pamHeader(words: Words): Sizes {
  const sizes: Sizes = { width: 0, height: 0, channels: 0, max: 0 };
  const fields: Readonly<Record<string, keyof Sizes>> = {
    WIDTH: "width",
    HEIGHT: "height",
    DEPTH: "channels",
    MAXVAL: "max",
  };
  for (let word = words.word(); word !== "ENDHDR" && word !== ""; word = words.word()) {
    const field = fields[word];
    if (field) sizes[field] = words.number();
    else words.word();
  }
  return sizes;
}

function samplesOf(bytes: Uint8Array, header: Header): Float64Array | undefined {
  const { kind, width, height, channels, max, offset } = header;
  const count = width * height * channels;
  if (kind <= 3) {
    // a sample takes a character at least
    if (bytes.length - offset < count - 1) return undefined;
    const words = new Words(bytes, offset);
    return Float64Array.from({ length: count }, () => (kind === 1 ? words.bit() : words.number()));
  }
  const rowBytes = kind === 4 ? Math.ceil(width / 8) : width * channels * (max > 255 ? 2 : 1);
  if (bytes.length - offset < rowBytes * height) return undefined;
  return Float64Array.from({ length: count }, (_, i) => {
    if (kind === 4) {
      const x = i % width;
      return (bytes[offset + Math.floor(i / width) * rowBytes + (x >> 3)]! >> (7 - (x & 7))) & 1;
    }
    return max > 255 ? bytes[offset + 2 * i]! * 256 + bytes[offset + 2 * i + 1]! : bytes[offset + i]!;
  });
}
