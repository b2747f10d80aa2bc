// Post-processing of a DB detector ("Real-time Scene Text Detection with Differentiable Binarization", Liao et al. 2020):
// the network marks the core of each line of text; every core becomes a rectangle, grown back to the line's full size.
import type { Quad } from "./geometry.js";
import { grow, minimumRectangle, orderCorners, sizeOf } from "./geometry.js";
import type { ScoreMap } from "./regions.js";
import { findRegions } from "./regions.js";

export interface BoxOptions {
  /** a position belongs to text above this probability */
  readonly pixelThreshold: number;
  /** a box is kept if its mean probability is at least this */
  readonly boxThreshold: number;
  /** how far to grow a core: this × area ÷ perimeter on each side */
  readonly growRatio: number;
  /** cores with a side shorter than this many pixels of the map are dropped */
  readonly minSide: number;
  /** against pictures of nothing but specks */
  readonly maxBoxes: number;
}

/** The values of PaddleOCR's configuration for PP-OCRv4. */
export const defaultBoxOptions: BoxOptions = {
  pixelThreshold: 0.3,
  boxThreshold: 0.6,
  growRatio: 1.5,
  minSide: 3,
  maxBoxes: 1000,
};

export interface Box {
  readonly quad: Quad;
  /** mean probability of text within the core */
  readonly score: number;
}

/** Boxes around text, in the map's pixels. */
export function findBoxes(map: ScoreMap, options: BoxOptions = defaultBoxOptions): Box[] {
  const regions = findRegions(map, options.pixelThreshold, options.minSide ** 2);
  const largest = regions.sort((a, b) => b.pixels - a.pixels).slice(0, options.maxBoxes);
  const boxes: Box[] = [];
  for (const { outline } of largest) {
    const core = minimumRectangle(outline);
    const { width, height } = sizeOf(core);
    if (Math.min(width, height) < options.minSide) continue;
    const score = meanInside(map, core);
    if (score < options.boxThreshold) continue;
    boxes.push({ quad: orderCorners(grow(core, growth(width, height, options.growRatio))), score });
  }
  return boxes;
}

/** DB shrinks a polygon for training by area × ratio ÷ perimeter; this is the same formula the other way. */
export function growth(width: number, height: number, ratio: number): number {
  return (width * height * ratio) / (2 * (width + height));
}

/** Mean of the map over the pixels whose centre lies within a convex quad. */
export function meanInside(map: ScoreMap, quad: Quad): number {
  const xs = quad.map(p => p.x);
  const ys = quad.map(p => p.y);
  const clamp = (value: number, limit: number) => Math.min(Math.max(value, 0), limit);
  const [left, right] = [clamp(Math.floor(Math.min(...xs)), map.width), clamp(Math.ceil(Math.max(...xs)), map.width)];
  const [top, bottom] = [clamp(Math.floor(Math.min(...ys)), map.height), clamp(Math.ceil(Math.max(...ys)), map.height)];
  let sum = 0;
  let count = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (!isInside(quad, x + 0.5, y + 0.5)) continue;
      sum += map.data[y * map.width + x]!;
      count++;
    }
  }
  return count === 0 ? 0 : sum / count;
}

function isInside(quad: Quad, x: number, y: number): boolean {
  for (let i = 0; i < 4; i++) {
    const a = quad[i]!;
    const b = quad[(i + 1) % 4]!;
    if ((b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x) < 0) return false;
  }
  return true;
}
