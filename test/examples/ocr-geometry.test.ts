import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { growth } from "../../examples/ocr/pipeline/boxes.js";
import type { Point, Quad } from "../../examples/ocr/pipeline/geometry.js";
import {
  convexHull,
  direction,
  distance,
  grow,
  minimumRectangle,
  orderCorners,
  sizeOf,
  turn,
} from "../../examples/ocr/pipeline/geometry.js";

const pointsArbitrary = fc.array(
  fc.record({ x: fc.integer({ min: -200, max: 200 }), y: fc.integer({ min: -200, max: 200 }) }),
  {
    minLength: 1,
    maxLength: 40,
  },
);

/** corners of a rectangle around (cx, cy), turned by an angle */
function rectangle(cx: number, cy: number, width: number, height: number, degrees: number): Quad {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const at = (u: number, v: number): Point => ({ x: cx + u * cos - v * sin, y: cy + u * sin + v * cos });
  const [w, h] = [width / 2, height / 2];
  return [at(-w, -h), at(w, -h), at(w, h), at(-w, h)];
}

/** how far a point lies outside a rectangle; edges of no length have no outside */
function outside(quad: Quad, p: Point): number {
  return Math.max(
    ...quad.map((a, i) => {
      const b = quad[(i + 1) % 4]!;
      const along = direction(a, b);
      if (distance(a, b) < 1e-9) return -Infinity;
      return -((p.y - a.y) * along.x - (p.x - a.x) * along.y);
    }),
  );
}

function near(actual: Quad, expected: Quad, tolerance = 1e-9): void {
  actual.forEach((p, i) => {
    const q = expected[i]!;
    assert.ok(
      Math.hypot(p.x - q.x, p.y - q.y) <= tolerance,
      `corner ${i}: (${p.x}, ${p.y}) instead of (${q.x}, ${q.y})`,
    );
  });
}

test("a convex hull leaves out points inside and on edges", () => {
  const square = [
    { x: 0, y: 0 },
    { x: 4, y: 0 },
    { x: 4, y: 4 },
    { x: 0, y: 4 },
  ];
  const hull = convexHull([...square, { x: 2, y: 2 }, { x: 2, y: 0 }, { x: 4, y: 1 }, ...square]);
  assert.deepEqual(hull, square);
});

test("hulls of one point and of points on a line", () => {
  assert.deepEqual(
    convexHull([
      { x: 3, y: 5 },
      { x: 3, y: 5 },
    ]),
    [{ x: 3, y: 5 }],
  );
  const line = [0, 1, 2, 3].map(i => ({ x: i, y: i }));
  assert.deepEqual(convexHull(line), [line[0], line[3]]);
});

test("the rectangle around a turned rectangle is that rectangle, at every angle", () => {
  for (let degrees = -90; degrees <= 90; degrees += 7) {
    const corners = rectangle(50, 40, 60, 13, degrees);
    const { width, height } = sizeOf(minimumRectangle(corners));
    const [long, short] = [Math.max(width, height), Math.min(width, height)];
    assert.ok(Math.abs(long - 60) < 1e-9 && Math.abs(short - 13) < 1e-9, `${degrees}°: ${long} × ${short}`);
  }
});

test("the least rectangle holds all points and is no larger than the upright one", () => {
  fc.assert(
    fc.property(pointsArbitrary, points => {
      const quad = minimumRectangle(points);
      for (const p of points) assert.ok(outside(quad, p) < 1e-6);
      const range = (values: number[]) => Math.max(...values) - Math.min(...values);
      const upright = range(points.map(p => p.x)) * range(points.map(p => p.y));
      const { width, height } = sizeOf(quad);
      assert.ok(width * height <= upright + 1e-6);
    }),
  );
});

test("no angle of a dense sweep gives a smaller rectangle", () => {
  fc.assert(
    fc.property(pointsArbitrary, points => {
      const { width, height } = sizeOf(minimumRectangle(points));
      for (let degrees = 0; degrees < 90; degrees += 1.5) {
        const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
        const u = points.map(p => p.x * cos + p.y * sin);
        const v = points.map(p => p.y * cos - p.x * sin);
        const area = (Math.max(...u) - Math.min(...u)) * (Math.max(...v) - Math.min(...v));
        assert.ok(width * height <= area + 1e-6);
      }
    }),
    { numRuns: 50 },
  );
});

test("a rectangle around no points is refused", () => {
  assert.throws(() => minimumRectangle([]), { message: "A rectangle around points needs at least one point" });
});

test("growing moves every side outwards by the same distance", () => {
  for (const degrees of [0, 10, 45, 100, -30]) {
    near(grow(rectangle(10, 20, 30, 8, degrees), 2.5), rectangle(10, 20, 35, 13, degrees));
  }
});

test("growth undoes the shrinking of the training data", () => {
  // area 100 × 20, perimeter 240
  assert.equal(growth(100, 20, 1.5), 12.5);
});

test("corners are ordered clockwise from the top left, whatever the rotation of the list", () => {
  for (const degrees of [0, 5, -5, 40, -40]) {
    const expected = rectangle(100, 80, 70, 20, degrees);
    for (let turns = 0; turns < 4; turns++) near(orderCorners(turn(expected, turns)), expected);
    near(orderCorners([...expected].reverse() as unknown as Quad), expected);
  }
});

test("a quarter turn makes a tall quad a wide one", () => {
  const tall = rectangle(0, 0, 10, 40, 0);
  assert.deepEqual(sizeOf(turn(tall, 1)), { width: 40, height: 10 });
  assert.deepEqual(turn(tall, 4), tall);
});
