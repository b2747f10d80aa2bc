import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { defaultBoxOptions, findBoxes, meanInside } from "../../examples/ocr/pipeline/boxes.js";
import type { Quad } from "../../examples/ocr/pipeline/geometry.js";
import { centreOf, sizeOf } from "../../examples/ocr/pipeline/geometry.js";
import type { ScoreMap } from "../../examples/ocr/pipeline/regions.js";
import { findRegions } from "../../examples/ocr/pipeline/regions.js";

function mapOf(width: number, height: number, score: (x: number, y: number) => number): ScoreMap {
  return {
    width,
    height,
    data: Float32Array.from({ length: width * height }, (_, i) => score(i % width, Math.floor(i / width))),
  };
}

/** A map drawn with characters: "#" is text. */
function drawn(...rows: string[]): ScoreMap {
  return mapOf(rows[0]!.length, rows.length, (x, y) => (rows[y]![x] === "#" ? 0.9 : 0));
}

test("pixels that touch at corners are one region", () => {
  const regions = findRegions(drawn("##..#", "..#.#", "....#", "#...#"), 0.3, 1);
  assert.deepEqual(
    regions.map(r => r.pixels),
    [3, 4, 1],
  );
});

test("a region's outline are the outermost pixels of its rows, as squares", () => {
  const [region] = findRegions(drawn(".....", ".#.#.", ".###.", "....."), 0.3, 1);
  const xs = region!.outline.map(p => p.x);
  const ys = region!.outline.map(p => p.y);
  assert.deepEqual([Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)], [1, 4, 1, 3]);
});

test("regions agree with a slow flood that repeats until nothing changes", () => {
  const cells = fc.array(fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(cells, rows => {
      const map = mapOf(7, rows.length, (x, y) => (rows[y]![x] ? 1 : 0));
      const sizes = findRegions(map, 0.5, 1).map(r => r.pixels);
      assert.deepEqual(sizes.sort(), slowRegionSizes(rows).sort());
    }),
  );
});

function slowRegionSizes(rows: readonly (readonly boolean[])[]): number[] {
  const label = rows.map((row, y) => row.map((on, x) => (on ? y * row.length + x : -1)));
  for (let changed = true; changed; ) {
    changed = false;
    label.forEach((row, y) => {
      row.forEach((own, x) => {
        if (own < 0) return;
        for (const dy of [-1, 0, 1]) {
          for (const dx of [-1, 0, 1]) {
            const other = label[y + dy]?.[x + dx] ?? -1;
            if (other >= 0 && other < row[x]!) {
              row[x] = other;
              changed = true;
            }
          }
        }
      });
    });
  }
  const counts = new Map<number, number>();
  for (const l of label.flat()) if (l >= 0) counts.set(l, (counts.get(l) ?? 0) + 1);
  return [...counts.values()];
}

test("an upright core grows to the box that it was shrunk from", () => {
  const core = mapOf(200, 100, (x, y) => (x >= 50 && x < 150 && y >= 40 && y < 60 ? 0.95 : 0.01));
  const [box, ...others] = findBoxes(core);
  assert.equal(others.length, 0);
  // 100 × 20 grows by 100 · 20 · 1.5 / 240 = 12.5 on every side
  assert.deepEqual(box!.quad, [
    { x: 37.5, y: 27.5 },
    { x: 162.5, y: 27.5 },
    { x: 162.5, y: 72.5 },
    { x: 37.5, y: 72.5 },
  ]);
  assert.ok(Math.abs(box!.score - 0.95) < 1e-6);
});

test("a slanted core gives a slanted box", () => {
  const radians = (20 * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const core = mapOf(300, 200, (x, y) => {
    const [dx, dy] = [x + 0.5 - 150, y + 0.5 - 100];
    return Math.abs(dx * cos + dy * sin) <= 80 && Math.abs(dy * cos - dx * sin) <= 10 ? 1 : 0;
  });
  const { quad } = findBoxes(core)[0]!;
  const { width, height } = sizeOf(quad);
  const by = (160 * 20 * 1.5) / 360;
  assert.ok(Math.abs(width - (160 + 2 * by)) < 4, `width ${width}`);
  assert.ok(Math.abs(height - (20 + 2 * by)) < 4, `height ${height}`);
  assert.ok(Math.abs(centreOf(quad).x - 150) < 0.5 && Math.abs(centreOf(quad).y - 100) < 0.5);
  const angle = Math.atan2(quad[1].y - quad[0].y, quad[1].x - quad[0].x);
  assert.ok(Math.abs(angle - radians) < 0.02, `angle ${angle}`);
});

test("weak cores and specks are dropped", () => {
  const weak = mapOf(60, 30, (x, y) => (x > 10 && x < 50 && y > 10 && y < 20 ? 0.5 : 0));
  assert.deepEqual(findBoxes(weak), []);
  assert.equal(findBoxes(weak, { ...defaultBoxOptions, boxThreshold: 0.4 }).length, 1);
  assert.deepEqual(findBoxes(mapOf(60, 30, (x, y) => (y === 15 && x > 10 && x < 50 ? 1 : 0))), []);
});

test("the mean inside a quad ignores what lies around it, also beyond the map", () => {
  const map = mapOf(10, 10, (x, y) => (x < 5 && y < 5 ? 1 : 0.2));
  const quad = (left: number, top: number, right: number, bottom: number): Quad => [
    { x: left, y: top },
    { x: right, y: top },
    { x: right, y: bottom },
    { x: left, y: bottom },
  ];
  assert.equal(meanInside(map, quad(0, 0, 5, 5)), 1);
  assert.equal(meanInside(map, quad(-40, -40, 5, 5)), 1);
  assert.ok(Math.abs(meanInside(map, quad(0, 0, 10, 10)) - 0.4) < 1e-6);
  assert.equal(meanInside(map, quad(20, 20, 30, 30)), 0);
});

test("hostile maps end well: nothing, everything, no numbers, a chessboard, many specks", () => {
  assert.deepEqual(findBoxes(mapOf(64, 64, () => 0)), []);
  assert.deepEqual(findBoxes(mapOf(64, 64, () => Number.NaN)), []);
  assert.equal(findBoxes(mapOf(64, 64, () => 1)).length, 1);
  assert.deepEqual(findBoxes(mapOf(64, 64, (x, y) => (x + y) % 2)), []); // one region, mean 0.5
  assert.deepEqual(findBoxes(mapOf(0, 0, () => 1)), []);
  const specks = mapOf(320, 320, (x, y) => (x % 5 < 4 && y % 5 < 4 ? 1 : 0));
  assert.equal(findBoxes(specks).length, 1000);
});
