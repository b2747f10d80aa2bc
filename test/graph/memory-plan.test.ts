// The arena plan against an independent checker: buffers that live together never share bytes.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Placed, planArena } from "../../src/graph/memory-plan.js";

const item = fc
  .record({
    bytes: fc.integer({ min: 0, max: 5000 }),
    first: fc.integer({ min: 0, max: 30 }),
    length: fc.integer({ min: 0, max: 12 }),
  })
  .map(({ bytes, first, length }): Placed => ({ bytes, first, last: first + length }));

const plan = (items: readonly Placed[], alignment: number) =>
  planArena(new Map(items.map((p, i) => [i, p])), alignment);

test("buffers that live at the same time lie apart, aligned, inside the arena", () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 40 }), fc.constantFrom(1, 16, 64), (items, alignment) => {
      const { offsets, bytes } = plan(items, alignment);
      items.forEach((a, i) => {
        const from = offsets.get(i)!;
        assert.equal(from % alignment, 0);
        assert.ok(from >= 0 && from + a.bytes <= bytes);
        items.forEach((b, j) => {
          if (j <= i || a.last < b.first || b.last < a.first || a.bytes === 0 || b.bytes === 0) return;
          const other = offsets.get(j)!;
          assert.ok(from + a.bytes <= other || other + b.bytes <= from, `${i} and ${j} overlap`);
        });
      });
    }),
  );
});

test("the lower bound is the largest sum of live bytes, and no plan is below it", () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 30 }), items => {
      const { bytes, lowerBoundBytes } = plan(items, 1);
      let most = 0;
      for (let step = 0; step <= 60; step++)
        most = Math.max(
          most,
          items.reduce((sum, p) => sum + (p.first <= step && step <= p.last ? p.bytes : 0), 0),
        );
      assert.equal(lowerBoundBytes, most);
      assert.ok(bytes >= lowerBoundBytes);
    }),
  );
});

test("a chain of equal layers needs two buffers", () => {
  const chain = Array.from({ length: 20 }, (_, i): Placed => ({ bytes: 1024, first: i, last: i + 1 }));
  assert.equal(plan(chain, 64).bytes, 2048);
});
