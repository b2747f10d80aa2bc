// Resizing with a triangle filter: linear interpolation when enlarging; when shrinking, the triangle grows with the
// ratio, so that every source pixel counts and thin strokes do not flicker away. One pass along rows, one along columns.
import type { RgbPicture } from "./picture.js";
import { blank } from "./picture.js";

/** For each output position: the first source position that counts, and the weight of it and of those after it. */
interface Filter {
  readonly first: Int32Array;
  readonly weights: Float32Array;
  /** weights per output position */
  readonly taps: number;
}

function triangleFilter(from: number, to: number): Filter {
  const scale = from / to;
  const radius = Math.max(1, scale);
  const taps = Math.ceil(radius * 2) + 1;
  const first = new Int32Array(to);
  const weights = new Float32Array(to * taps);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale - 0.5;
    const start = Math.ceil(centre - radius);
    first[i] = Math.min(Math.max(start, 0), Math.max(0, from - taps));
    let sum = 0;
    for (let s = start; s <= centre + radius; s++) sum += Math.max(0, 1 - Math.abs(s - centre) / radius);
    for (let s = start; s <= centre + radius; s++) {
      const weight = Math.max(0, 1 - Math.abs(s - centre) / radius) / sum;
      const inside = Math.min(Math.max(s, 0), from - 1); // beyond the border, the border's pixel repeats
      weights[i * taps + inside - first[i]!]! += weight;
    }
  }
  return { first, weights, taps };
}

export function resize(picture: RgbPicture, width: number, height: number): RgbPicture {
  if (width === picture.width && height === picture.height) return picture;
  const across = resizeRows(picture, triangleFilter(picture.width, width), width);
  return resizeColumns(across, triangleFilter(picture.height, height), width, picture.height, height);
}

function resizeRows({ data, width, height }: RgbPicture, { first, weights, taps }: Filter, newWidth: number) {
  const out = new Float32Array(newWidth * height * 3);
  const used = Math.min(taps, width);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++, to += 3) {
      let from = (y * width + first[x]!) * 3;
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let t = 0; t < used; t++, from += 3) {
        const weight = weights[x * taps + t]!;
        red += weight * data[from]!;
        green += weight * data[from + 1]!;
        blue += weight * data[from + 2]!;
      }
      out[to] = red;
      out[to + 1] = green;
      out[to + 2] = blue;
    }
  }
  return out;
}

function resizeColumns(rows: Float32Array, filter: Filter, width: number, height: number, newHeight: number) {
  const { first, weights, taps } = filter;
  const picture = blank(width, newHeight);
  const stride = width * 3;
  const row = new Float32Array(stride);
  const used = Math.min(taps, height);
  for (let y = 0; y < newHeight; y++) {
    row.fill(0);
    for (let t = 0; t < used; t++) {
      const weight = weights[y * taps + t]!;
      const from = (first[y]! + t) * stride;
      for (let x = 0; x < stride; x++) row[x]! += weight * rows[from + x]!;
    }
    picture.data.set(row, y * stride);
  }
  return picture;
}
