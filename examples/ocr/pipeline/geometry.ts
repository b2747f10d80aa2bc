// Points, rectangles at any angle, and the few operations on them that finding text needs.

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Four corners, clockwise as seen (y grows downwards); for a line of text: the first is where reading begins, on top. */
export type Quad = readonly [Point, Point, Point, Point];

export function distance(a: Point, b: Point): number {
  return Math.hypot(b.x - a.x, b.y - a.y);
}

/** Length along the text (mean of top and bottom edge) and across it. */
export function sizeOf([a, b, c, d]: Quad): { readonly width: number; readonly height: number } {
  return { width: (distance(a, b) + distance(d, c)) / 2, height: (distance(a, d) + distance(b, c)) / 2 };
}

export function centreOf(quad: Quad): Point {
  return { x: quad.reduce((sum, p) => sum + p.x, 0) / 4, y: quad.reduce((sum, p) => sum + p.y, 0) / 4 };
}

/** The same corners, beginning `turns` corners later: one turn makes a tall box a wide one. */
export function turn(quad: Quad, turns: number): Quad {
  return [0, 1, 2, 3].map(i => quad[(i + turns) % 4]!) as unknown as Quad;
}

/** The unit vector from a to b; to the right if they are the same point. */
export function direction(a: Point, b: Point): Point {
  const length = distance(a, b);
  return length === 0 ? { x: 1, y: 0 } : { x: (b.x - a.x) / length, y: (b.y - a.y) / length };
}

/** How far c lies to the right of the line from a to b (as seen with y downwards), times the length of ab. */
function side(a: Point, b: Point, c: Point): number {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/** The smallest convex polygon around points, clockwise as seen (Andrew's monotone chain). */
export function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points]
    .sort((a, b) => a.x - b.x || a.y - b.y)
    .filter((p, i, all) => i === 0 || p.x !== all[i - 1]!.x || p.y !== all[i - 1]!.y);
  if (sorted.length < 3) return sorted;
  const chain = (from: readonly Point[]): Point[] => {
    const hull: Point[] = [];
    for (const p of from) {
      while (hull.length > 1 && side(hull[hull.length - 2]!, hull[hull.length - 1]!, p) <= 0) hull.pop();
      hull.push(p);
    }
    return hull.slice(0, -1); // the last point begins the other chain
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}

/** The rectangle of least area around points. One of its sides lies on an edge of their convex hull, so each edge is tried. */
export function minimumRectangle(points: readonly Point[]): Quad {
  const hull = convexHull(points);
  let best: Quad | undefined;
  let bestArea = Infinity;
  hull.forEach((corner, i) => {
    const { quad, area } = rectangleAlong(hull, direction(corner, hull[(i + 1) % hull.length]!));
    if (area < bestArea) [best, bestArea] = [quad, area];
  });
  if (!best) throw new RangeError("A rectangle around points needs at least one point");
  return best;
}

function rectangleAlong(points: readonly Point[], along: Point) {
  const across = { x: -along.y, y: along.x };
  const u = points.map(p => p.x * along.x + p.y * along.y);
  const v = points.map(p => p.x * across.x + p.y * across.y);
  const [left, right, top, bottom] = [Math.min(...u), Math.max(...u), Math.min(...v), Math.max(...v)];
  const at = (s: number, t: number): Point => ({ x: s * along.x + t * across.x, y: s * along.y + t * across.y });
  const quad: Quad = [at(left, top), at(right, top), at(right, bottom), at(left, bottom)];
  return { quad, area: (right - left) * (bottom - top) };
}

/** A rectangle with every side moved outwards. (Offsetting a polygon with round corners and boxing it again gives the same.) */
export function grow(rectangle: Quad, by: number): Quad {
  const [a, b, , d] = rectangle;
  const [along, across] = [direction(a, b), direction(a, d)];
  return mapQuad(rectangle, (p, i) => {
    const s = i === 0 || i === 3 ? -by : by;
    const t = i < 2 ? -by : by;
    return { x: p.x + s * along.x + t * across.x, y: p.y + s * along.y + t * across.y };
  });
}

/** Corners clockwise from the top left: of the two leftmost corners the upper one comes first. */
export function orderCorners(quad: Quad): Quad {
  const [a, b, c, d] = [...quad].sort((p, q) => p.x - q.x) as [Point, Point, Point, Point];
  const [topLeft, bottomLeft] = a.y <= b.y ? [a, b] : [b, a];
  const [topRight, bottomRight] = c.y <= d.y ? [c, d] : [d, c];
  return [topLeft, topRight, bottomRight, bottomLeft];
}

export function mapQuad(quad: Quad, change: (p: Point, index: number) => Point): Quad {
  return quad.map(change) as unknown as Quad;
}
