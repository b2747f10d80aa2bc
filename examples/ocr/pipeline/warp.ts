// Cutting a quad out of a picture and laying it flat: a projective map from the flat crop to the quad, read bilinearly.
import type { Point, Quad } from "./geometry.js";
import { sizeOf } from "./geometry.js";
import type { RgbPicture } from "./picture.js";
import { blank } from "./picture.js";

/** Maps (u, v) in the unit square to the picture: ((a·u + b·v + c) / w, (d·u + e·v + f) / w) with w = g·u + h·v + 1. */
export interface Projection {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
  readonly g: number;
  readonly h: number;
}

/** The projection that takes the unit square to a quad (Heckbert, "Fundamentals of Texture Mapping", 1989, section 2.2.3). */
export function squareToQuad([p0, p1, p2, p3]: Quad): Projection {
  const [dx1, dx2, sx] = [p1.x - p2.x, p3.x - p2.x, p0.x - p1.x + p2.x - p3.x];
  const [dy1, dy2, sy] = [p1.y - p2.y, p3.y - p2.y, p0.y - p1.y + p2.y - p3.y];
  const determinant = dx1 * dy2 - dx2 * dy1;
  const g = determinant === 0 ? 0 : (sx * dy2 - dx2 * sy) / determinant;
  const h = determinant === 0 ? 0 : (dx1 * sy - sx * dy1) / determinant;
  return {
    a: p1.x - p0.x + g * p1.x,
    b: p3.x - p0.x + h * p3.x,
    c: p0.x,
    d: p1.y - p0.y + g * p1.y,
    e: p3.y - p0.y + h * p3.y,
    f: p0.y,
    g,
    h,
  };
}

export function project(m: Projection, u: number, v: number): Point {
  const w = m.g * u + m.h * v + 1;
  return { x: (m.a * u + m.b * v + m.c) / w, y: (m.d * u + m.e * v + m.f) / w };
}

/** The quad as an upright picture of its own size in pixels. Beyond the border, the border's pixels repeat. */
export function cutOut(picture: RgbPicture, quad: Quad): RgbPicture {
  const size = sizeOf(quad);
  const limit = picture.width + picture.height; // no line that is inside the picture is longer
  const width = Math.min(Math.max(1, Math.round(size.width)), limit);
  const height = Math.min(Math.max(1, Math.round(size.height)), limit);
  const flat = blank(width, height);
  const projection = squareToQuad(quad);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const from = project(projection, (x + 0.5) / width, (y + 0.5) / height);
      sample(picture, from.x - 0.5, from.y - 0.5, flat.data, to);
    }
  }
  return flat;
}

/** Writes the colour at (x, y), in units of pixels from the centre of the first pixel, to `out` at `to`. */
function sample(
  { data, width, height }: RgbPicture,
  x: number,
  y: number,
  out: Uint8ClampedArray | Uint8Array,
  to: number,
) {
  const insideX = Math.min(Math.max(x, 0), width - 1);
  const insideY = Math.min(Math.max(y, 0), height - 1);
  const left = Math.floor(insideX);
  const top = Math.floor(insideY);
  const fx = insideX - left;
  const fy = insideY - top;
  const upper = (top * width + left) * 3;
  const lower = upper + (top + 1 < height ? width * 3 : 0);
  const right = left + 1 < width ? 3 : 0;
  for (let c = 0; c < 3; c++) {
    const above = data[upper + c]! * (1 - fx) + data[upper + right + c]! * fx;
    const below = data[lower + c]! * (1 - fx) + data[lower + right + c]! * fx;
    out[to + c] = above * (1 - fy) + below * fy;
  }
}
