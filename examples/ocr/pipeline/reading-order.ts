// The order in which people read boxes of text: line after line from the top, in each line from the left. "Top" and "left" are
// those of the writing, so a photo taken at an angle, or upside down, is read like one taken straight.
import type { Point, Quad } from "./geometry.js";
import { centreOf, direction, sizeOf } from "./geometry.js";

interface Box<T> {
  readonly item: T;
  readonly centre: Point;
  readonly height: number;
  /** from where reading the box begins to where it ends */
  readonly reach: Point;
}

interface Placed<T> extends Box<T> {
  /** the direction in which text runs around here */
  readonly along: Point;
}

const origin: Point = { x: 0, y: 0 };
const dot = (a: Point, b: Point) => a.x * b.x + a.y * b.y;
/** how far p lies below the line through the origin along a unit vector */
const below = (p: Point, along: Point) => p.y * along.x - p.x * along.y;

export function inReadingOrder<T>(items: readonly T[], quadOf: (item: T) => Quad): T[] {
  const boxes = items.map((item): Box<T> => {
    const quad = quadOf(item);
    const reach = { x: quad[1].x - quad[0].x, y: quad[1].y - quad[0].y };
    return { item, centre: centreOf(quad), height: sizeOf(quad).height, reach };
  });
  const page = directionOf(boxes, () => 1);
  const across = (box: Box<T>) => below(box.centre, page);
  const placed = boxes.map(box => ({ ...box, along: localDirection(box, boxes, page) }));
  const lines = linesOf(placed.sort((a, b) => across(a) - across(b)));
  const top = (line: readonly Box<T>[]) => line.reduce((sum, box) => sum + across(box), 0) / line.length;
  return lines
    .sort((a, b) => top(a) - top(b))
    .flatMap(line => line.sort((a, b) => dot(a.centre, page) - dot(b.centre, page)))
    .map(box => box.item);
}

/** The mean direction of reading: long boxes count more, as their angle is known better. */
function directionOf<T>(boxes: readonly Box<T>[], weightOf: (box: Box<T>) => number): Point {
  const sum = { x: 0, y: 0 };
  for (const box of boxes) {
    const weight = weightOf(box);
    sum.x += weight * box.reach.x;
    sum.y += weight * box.reach.y;
  }
  return direction(origin, sum);
}

/** boxes that are turned against each other by more than about 45° are never on one line */
const sameDirection = 0.7;
/** how many line heights up and down text runs nearly parallel, also under perspective */
const neighbourhood = 3;

function localDirection<T>(box: Box<T>, boxes: readonly Box<T>[], page: Point): Point {
  const own = direction(origin, box.reach);
  return directionOf(boxes, other => {
    if (dot(own, direction(origin, other.reach)) < sameDirection) return 0;
    const lines = (below(other.centre, page) - below(box.centre, page)) / (neighbourhood * box.height);
    return Math.exp(-lines * lines);
  });
}

/** A box joins the line of the box that it is most level with, or begins a line of its own. */
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

/** How far b lies above or below a, in heights of the smaller box. */
function stepBetween<T>(a: Placed<T>, b: Placed<T>): number {
  if (dot(a.along, b.along) < sameDirection) return Infinity;
  const along = direction(origin, { x: a.along.x + b.along.x, y: a.along.y + b.along.y });
  return Math.abs(below(b.centre, along) - below(a.centre, along)) / Math.min(a.height, b.height);
}
