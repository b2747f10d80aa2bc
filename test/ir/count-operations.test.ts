// Operations of kernels, counted by hand: products of sizes, whatever the schedule.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countOperations } from "../../src/ir/count-operations.js";
import type { Kernel } from "../../src/ir/tile.js";
import { dot, f32, fold, grid, i32, materialize, zeros } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

const evaluated = (ir: Kernel, sizes: Readonly<Record<string, number>>): number => {
  const byName = new Map(ir.dims.map(d => [[...d.size.syms][0], sizes[d.name]!]));
  return countOperations(ir).evaluate(s => byName.get(s)!);
};

test("a contraction counts multiplications and additions, what follows it once an element", () => {
  const { ir } = kernel({ A: f32("M K"), B: f32("K N"), Y: f32("M N") }, ({ A, B, Y, M, N, K }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(A.at(m, k), B.at(k, n), k).add(1).relu());
    }),
  );
  assert.equal(evaluated(ir, { M: 3, N: 5, K: 7 }), 2 * 3 * 5 * 7 + 2 * 3 * 5);
});

test("rows of a softmax: maximum, difference, function, sum, division", () => {
  const { ir } = kernel({ X: f32("R C"), Y: f32("R C") }, ({ X, Y, R, C }) =>
    grid(R.tile(), r => {
      const c = C.all();
      const x = X.at(r, c);
      const e = x.sub(x.max(c)).exp();
      Y.at(r, c).set(e.div(e.sum(c)));
    }),
  );
  assert.equal(evaluated(ir, { R: 2, C: 11 }), 5 * 2 * 11);
});

test("what hangs on the state of a fold counts at each step, what does not counts once", () => {
  const { ir } = kernel({ X: f32("T N"), W: f32("N"), Y: f32("N") }, ({ X, W, Y, T, N }) =>
    grid(N.tile(), n => {
      const once = W.at(n).exp();
      const [y] = fold(T.steps(), [zeros("f32", n)] as const, (t, [s]) => [s.mul(once).add(X.at(t, n))] as const);
      Y.at(n).set(y);
    }),
  );
  assert.equal(evaluated(ir, { T: 6, N: 4 }), 4 + 2 * 6 * 4);
});

test("indices, moves, comparisons and integers that are not contracted are no work", () => {
  const { ir } = kernel({ X: i32("N"), I: i32("M"), Y: i32("M") }, ({ X, I, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(X.at(I.at(m).add(1)).mul(3));
    }),
  );
  assert.equal(evaluated(ir, { N: 9, M: 4 }), 0);
});

test("a tile that is read again counts where it is made", () => {
  const { ir } = kernel({ X: f32("N"), Y: f32("N N") }, ({ X, Y, N }) =>
    grid(N.tile(), n => {
      const j = N.all("j");
      const e = materialize(X.at(j).exp(), j);
      const k = N.all("k");
      Y.at(n, k).set(e.at(k).add(X.at(n)));
    }),
  );
  assert.equal(evaluated(ir, { N: 8 }), 8 + 64);
});
