// The thinnest road: elementwise and matrix products in f32.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Schedule } from "../../src/schedule/schedule.js";
import { constant, dot, f32, grid } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { defaultSchedule, runOnce } from "./harness.js";

const random = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + n) * 2);
const close = (got: ArrayLike<number | bigint>, want: ArrayLike<number>, tolerance = 1e-5): void => {
  assert.equal(got.length, want.length);
  for (let i = 0; i < want.length; i++)
    assert.ok(
      Math.abs(Number(got[i]) - want[i]!) <= tolerance * (1 + Math.abs(want[i]!)),
      `[${i}] ${got[i]} ≠ ${want[i]}`,
    );
};

const chain = kernel({ X: f32("I J"), a: f32("I"), b: f32("J"), Y: f32("I J") }, ({ X, a, b, Y, I, J }) =>
  grid(I.tile(), J.tile(), (i, j) => {
    Y.at(i, j).set(X.at(i, j).mul(a.at(i)).add(b.at(j)).relu());
  }),
).ir;
const linear = kernel(
  { X: f32("M K"), W: constant(f32("K N")), b: f32("N"), Y: f32("M N") },
  ({ X, W, b, Y, M, N, K }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k).add(b.at(n)).relu());
    }),
).ir;

test("elementwise with broadcasts, all sizes around a vector", () => {
  for (const I of [0, 1, 3])
    for (const J of [0, 1, 3, 4, 5, 8, 11]) {
      const X = random(I * J);
      const a = random(I);
      const b = random(J);
      const { Y } = runOnce(chain, defaultSchedule, { I, J }, { X, a, b });
      close(
        Y!,
        Float32Array.from(X, (x, p) => Math.max(0, x * a[Math.floor(p / J)]! + b[p % J]!)),
      );
    }
});

test("matrix product in register tiles, packed and not", () => {
  for (const packed of [false, true])
    for (const [M, N, K] of [
      [1, 1, 1],
      [7, 9, 5],
      [13, 16, 0],
      [6, 8, 17],
      [0, 4, 4],
      [25, 31, 8],
    ] as const) {
      const X = random(M * K);
      const W = random(K * N);
      const b = random(N);
      const want = Float32Array.from({ length: M * N }, (_, p) => {
        const [m, n] = [Math.floor(p / N), p % N];
        let s = b[n]!;
        for (let k = 0; k < K; k++) s += X[m * K + k]! * W[k * N + n]!;
        return Math.max(0, s);
      });
      const schedule: Schedule = {
        ...defaultSchedule,
        layouts: packed ? { W: { order: [1, 0], block: { dim: 1, size: 8 } } } : ({} as Schedule["layouts"]),
        block: { m: 12, n: 16 },
        stage: { Y: { rows: { m: [6, 4, 2, 1] }, vectors: 2, lane: "n" } },
      };
      const { Y } = runOnce(linear, schedule, { M, N, K }, { X, W, b });
      close(Y!, want);
    }
});
