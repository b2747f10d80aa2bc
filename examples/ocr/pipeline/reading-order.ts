// The order in which people read boxes of text: line after line from the top, in each line from the left. "Top" and "left" are
// those of the writing, so a photo taken at an angle, or upside down, is read like one taken straight.
import { centreOf, direction, type Point, sizeOf, type Quad } from "./geometry.js";

interface Placed<T> {
  readonly item: T;
  readonly centre: Point;
  readonly height: number;
  /** from where reading the box begins to where it ends */
  readonly reach: Point;
}

export function inReadingOrder<T>(items: readonly T[], quadOf: (item: T) => Quad): T[] {
  const placed = items.map((item): Placed<T> => {
    const quad = quadOf(item);
    return { item, centre: centreOf(quad), height: sizeOf(quad).height, reach: reachOf([quad]) };
  });
  const page = direction({ x: 0, y: 0 }, reachOf(items.map(quadOf)));
  const along = (p: Placed<T>) => p.centre.x * page.x + p.centre.y * page.y;
  const across = (p: Placed<T>) => p.centre.y * page.x - p.centre.x * page.y;
  const lines = linesOf(placed.sort((a, b) => across(a) - across(b)));
  const top = (line: readonly Placed<T>[]) => line.reduce((sum, p) => sum + across(p), 0) / line.length;
  return lines
    .sort((a, b) => top(a) - top(b))
    .flatMap(line => line.sort((a, b) => along(a) - along(b)))
    .map(p => p.item);
}

/** Sum of all boxes' upper edges: the direction of reading, where long boxes count more. */
function reachOf(quads: readonly Quad[]): Point {
  return quads.reduce((sum, [a, b]) => ({ x: sum.x + b.x - a.x, y: sum.y + b.y - a.y }), { x: 0, y: 0 });
}

/** A box joins the line of the box that it is level with, or begins a line of its own. */
function linesOf<T>(boxes: readonly Placed<T>[]): Placed<T>[][] {
  const lines: Placed<T>[][] = [];
  for (const box of boxes) {
    let best: Placed<T>[] | undefined;
    let least = 0.5;
    for (const line of lines) {
      const step = Math.min(...line.map(other => stepBetween(other, box)));
      if (step < least) [best, least] = [line, step];
    }
    if (best) best.push(box);
    else lines.push([box]);
  }
  return lines;
}

/** boxes that are turned against each other by more than about 45° are never on one line */
const sameDirection = 0.7;

/**
 * How far b lies above or below a, in heights of the smaller box. Measured across the two boxes' own direction: under perspective
 * the lines of a page are not parallel.
 */
function stepBetween<T>(a: Placed<T>, b: Placed<T>): number {
  const cosine = (a.reach.x * b.reach.x + a.reach.y * b.reach.y) / (length(a.reach) * length(b.reach));
  if (!(cosine > sameDirection)) return Infinity;
  const along = direction({ x: 0, y: 0 }, { x: a.reach.x + b.reach.x, y: a.reach.y + b.reach.y });
  const offset = (b.centre.y - a.centre.y) * along.x - (b.centre.x - a.centre.x) * along.y;
  return Math.abs(offset) / Math.min(a.height, b.height);
}

function length({ x, y }: Point): number {
  return Math.hypot(x, y);
}
