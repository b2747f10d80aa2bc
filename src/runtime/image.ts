// Pictures between those who decode them and the operator ImageDecoder.

/** 8 bits a channel, row by row from the top, the channels of a pixel side by side. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  /** grey, grey and alpha, RGB, or RGB and alpha */
  readonly channels: 1 | 2 | 3 | 4;
  /** width · height · channels long */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** Decodes a file that is in memory; undefined leaves its format to the built-in decoders. */
export type ImageDecoder = (encoded: Uint8Array) => DecodedImage | undefined | Promise<DecodedImage | undefined>;
