// Axis and dtype mistakes that the TypeScript compiler must refuse: the build fails when one of them is accepted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dtypes } from "../../src/ir/dtypes.js";
import type { AnyTile, Tile } from "../../src/tile/index.js";
import { cells, dot, f16, f32, fold, grid, i32, reduce, scan, where, zeros } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import type { AccumulatorTable } from "../../src/tile/types.js";

/** never called: only its types matter */
const rejected = () => [
  kernel({ X: f32("M K"), W: f32("K N"), Y: f32("M N"), H: f16("M N"), J: i32("M") }, ({ X, W, Y, H, J, M, N, K }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      // @ts-expect-error contracting over m leaves {k, n}: not storable at (m, n)
      Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), m));
      // @ts-expect-error forgot to reduce over k
      Y.at(m, n).set(X.at(m, k).mul(W.at(k, n)));
      // @ts-expect-error the tile has no axis n to reduce
      X.at(m, k).max(n);
      // @ts-expect-error f16 into f32
      Y.at(m, n).set(H.at(m, n));
      // @ts-expect-error f16 with f32
      H.at(m, n).add(Y.at(m, n));
      // @ts-expect-error the sum of f16 accumulates in f32
      H.at(m, 0).set(H.at(m, n).sum(n));
      // @ts-expect-error an index is i32
      Y.at(m, n).set(m);
      // @ts-expect-error the condition must be bool
      where(J.at(m), X.at(m, k), 0);
      // @ts-expect-error two dims, three indices
      X.at(m, k, n);
      // @ts-expect-error the state gains the axis n
      fold(K.tile(), [zeros("f32", m)] as const, (t, [s]) => [s.add(dot(X.at(m, t), W.at(t, n), t))] as const);
      // @ts-expect-error f16 joined with f32
      Y.at(m, n).accumulate(H.at(m, n));
      // @ts-expect-error the tile has no axis n to scan
      scan(X.at(m, k), n, "sum");
      // @ts-expect-error a scan by a function needs a start
      scan(X.at(m, k), k, (so, x) => so.add(x), {});
      // @ts-expect-error the sums of f16 are f32
      H.at(m, n).set(scan(H.at(m, n), n, "sum"));
      // @ts-expect-error reduced over k, the axis is gone
      reduce(X.at(m, k), (so, x) => so.add(x), 0, k).max(k);
      // @ts-expect-error the condition of a fold's steps must be bool
      fold(K.steps(), [zeros("f32")] as const, (_, [s]) => [s.add(1)] as const, { when: ([s]) => s });
      // @ts-expect-error an index inside of a cell is a scalar: no axis to reduce
      cells(m, n, (m, n) => X.at(m, k).sum(n));
      // @ts-expect-error what a cell gives is a scalar
      cells(m, m => X.at(m, k));
      // @ts-expect-error the state of a cell is a scalar
      cells(m, m => fold(K.steps(), [X.at(m, 0)], () => [X.at(m, k)])[0]);
      // @ts-expect-error cells over m and n are no tile over m
      J.at(m).set(cells(m, n, (m, n) => m.add(n)));
      // @ts-expect-error no way to join
      Y.at(m, n).accumulate(X.at(m, k), "average");
      // @ts-expect-error the condition of a write must be bool
      Y.at(m, n).set(0, { when: J.at(m) });
      // @ts-expect-error bounds of segments are i32
      grid(M.segments(X), () => {});
      // @ts-expect-error an index of tiles is in no segment
      m.seg;
      // @ts-expect-error the state changes its dtype
      fold(K.tile(), [zeros("f32", m)] as const, (_, [s]) => [s.cast("f16")] as const);
    }),
  ),
];

const acceptedSegments = () =>
  kernel({ X: f32("M K"), W: f32("G K N"), O: i32("B"), Y: f32("M N") }, ({ X, W, O, Y, M, N, K }) =>
    grid(M.segments(O), N.tile(), (m, n) => {
      const k = K.all();
      const group: Tile<never, "i32"> = m.seg;
      // the number of a segment is no axis
      const y: Tile<"m" | "n", "f32"> = dot(X.at(m, k), W.at(group, k, n), k);
      Y.at(m, n).set(y);
    }),
  );
const accepted = () =>
  kernel({ X: f32("M K"), W: f32("K N"), b: f32("N"), H: f16("M N"), Y: f32("M N") }, ({ X, W, b, H, Y, M, N, K }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      const y: Tile<"m" | "n", "f32"> = dot(X.at(m, k), W.at(k, n), k).add(b.at(n));
      const s: Tile<"m", "f32"> = H.at(m, n).sum(n);
      const half: Tile<"m", "f16"> = H.at(m, n).sum(n, { acc: "f16" });
      const any: AnyTile = y;
      Y.at(m, n).set(y.add(s).add(half.cast("f32")).add(any));
      // fewer axes broadcast
      Y.at(m, n).set(b.at(n));
      Y.at(m, n).set(any.sum(any as never).add(1));
      // axes that the place lacks are walked
      Y.at(m, 0).accumulate(H.at(m, n).cast("f32"), "max", { when: X.at(m, k).gt(0) });
    }),
  );

test("axis and dtype mistakes are compile-time errors", () => {
  // The build is the test; this says that the file was part of it.
  assert.equal(typeof rejected, "function");
  assert.equal(typeof accepted, "function");
  assert.equal(typeof acceptedSegments, "function");
});

test("the table of accumulators in types is the one of dtypes", () => {
  const table: AccumulatorTable = {
    f64: "f64",
    f32: "f32",
    f16: "f32",
    bf16: "f32",
    f8e4m3fn: "f32",
    f8e4m3fnuz: "f32",
    f8e5m2: "f32",
    f8e5m2fnuz: "f32",
    f8e8m0: "f32",
    f4e2m1: "f32",
    i64: "i64",
    i32: "i32",
    i16: "i32",
    i8: "i32",
    i4: "i32",
    i2: "i32",
    u64: "u64",
    u32: "u32",
    u16: "u32",
    u8: "i32",
    u4: "i32",
    u2: "i32",
    bool: "i32",
  };
  assert.deepEqual(table, Object.fromEntries(Object.entries(dtypes).map(([d, info]) => [d, info.accumulator])));
});
