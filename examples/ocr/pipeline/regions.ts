// From a map of probabilities to regions: 8-connected groups of positions above a threshold.
import type { Point } from "./geometry.js";

/** A row-major map of width × height numbers. */
export interface ScoreMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export interface Region {
  readonly pixels: number;
  /** corners of the outermost pixels of every row: all that the convex hull of the region depends on */
  readonly outline: readonly Point[];
}

/** All groups of at least `minPixels`, in the order of their first pixel. A number that is not a number is below any threshold. */
export function findRegions(map: ScoreMap, threshold: number, minPixels: number): Region[] {
  const { width, height, data } = map;
  const open = new Uint8Array(width * height);
  for (let i = 0; i < open.length; i++) if (data[i]! > threshold) open[i] = 1;
  const stack = new Int32Array(width * height);
  const regions: Region[] = [];
  for (let start = 0; start < open.length; start++) {
    if (open[start] === 0) continue;
    const { pixels, rows } = flood(open, width, height, start, stack);
    if (pixels >= minPixels) regions.push({ pixels, outline: outlineOf(rows) });
  }
  return regions;
}

/** Closes all pixels connected with `start`; keeps the leftmost and rightmost of each row. */
function flood(open: Uint8Array, width: number, height: number, start: number, stack: Int32Array) {
  const rows = new Map<number, { left: number; right: number }>();
  let pixels = 0;
  let depth = 0;
  stack[depth++] = start;
  open[start] = 0;
  while (depth > 0) {
    const at = stack[--depth]!;
    const y = Math.floor(at / width);
    const x = at - y * width;
    pixels++;
    const row = rows.get(y);
    if (!row) rows.set(y, { left: x, right: x });
    else if (x < row.left) row.left = x;
    else if (x > row.right) row.right = x;
    for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
      for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
        const next = ny * width + nx;
        if (open[next] === 0) continue;
        open[next] = 0;
        stack[depth++] = next;
      }
    }
  }
  return { pixels, rows };
}

/** A pixel is a square from (x, y) to (x + 1, y + 1): boxes then scale to the picture without a shift. */
function outlineOf(rows: ReadonlyMap<number, { readonly left: number; readonly right: number }>): Point[] {
  return [...rows].flatMap(([y, { left, right }]) => [
    { x: left, y },
    { x: left, y: y + 1 },
    { x: right + 1, y },
    { x: right + 1, y: y + 1 },
  ]);
}
