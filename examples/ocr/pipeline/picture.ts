// Pictures as plain arrays of pixels. Nothing here knows of files, canvases or Node: a browser's ImageData is a Picture too.

/** Rows of pixels from the top left; 3 bytes (RGB) or 4 bytes (RGBA) each: `data.length` is 3 or 4 × width × height. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray | Uint8Array;
}

/** A picture of exactly 3 bytes a pixel. */
export interface RgbPicture extends Picture {
  readonly channels: 3;
}

/** An RGB picture of one colour; black untold. */
export function blank(width: number, height: number, colour = 0): RgbPicture {
  const data = new Uint8ClampedArray(width * height * 3);
  if (colour !== 0) data.fill(colour);
  return { width, height, channels: 3, data };
}

/** The picture as RGB, without copying if it is; see-through pixels are laid on white, as on paper. */
export function toRgb(picture: Picture): RgbPicture {
  const { width, height, data } = picture;
  const channels = data.length / (width * height);
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new RangeError(`A picture of ${width} × ${height} pixels has nothing to read; both sides must be 1 or more`);
  }
  if (channels === 3) return { width, height, channels, data };
  if (channels !== 4) {
    throw new RangeError(
      `A picture of ${width} × ${height} pixels needs ${width * height * 3} bytes (RGB) or ${width * height * 4} (RGBA), ` +
        `but its data has ${data.length}`,
    );
  }
  const rgb = blank(width, height);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const alpha = data[from + 3]! / 255;
    for (let c = 0; c < 3; c++) rgb.data[to + c] = 255 + (data[from + c]! - 255) * alpha;
  }
  return rgb;
}

/** Turned by 180°. */
export function turnOver(picture: RgbPicture): RgbPicture {
  const { width, height, data } = picture;
  const turned = blank(width, height);
  for (let from = 0, to = data.length - 3; from < data.length; from += 3, to -= 3) {
    for (let c = 0; c < 3; c++) turned.data[to + c] = data[from + c]!;
  }
  return turned;
}
