// Tile style and thread style in one kernel: products of tiles feed a scalar program for each element, whose results are contracted and
// reduced in a fold over tiles, on every target.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cells, dot, f32, fold, grid, i32, kernel, literal, materialize, zeros } from "../../src/author/index.js";
import { checkKernel } from "../../src/testing/index.js";
import { isInTurn } from "../rotation.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { gpuState } from "../../src/targets/webgpu/target.js";

const mixed = () =>
  kernel(
    { X: f32("M K"), W: f32("K N"), V: f32("N J"), Y: f32("M J"), Count: i32("M N"), Sum: f32("M") },
    ({ X, W, V, Y, Count, Sum, M, K, N, J, L }) =>
      grid(M.tile(), m => {
        const [n, k, j] = [N.all(), K.all(), J.all()];
        // how often 1.5·x + 0.25 passes before it is 20
        const product = materialize(dot(X.at(m, k), W.at(k, n), k).abs(), m, n);
        const [value, count] = cells(m, n, (m, n) =>
          fold(
            L.steps(),
            [product.at(m, n), literal("i32", 0)] as const,
            (_, [x, c]) => [x.mul(1.5).add(0.25), c.add(1)] as const,
            { when: ([x]) => x.lt(20) },
          ),
        );
        Y.at(m, j).set(dot(value, V.at(n, j), n));
        Count.at(m, n).set(count);
        // Newton's square roots of each element of a tile, added up tile by tile
        const [sum] = fold(N.tile("t"), [zeros("f32", m)] as const, (t, [s]) => {
          const roots = cells(m, t, (m, t) => {
            const x = W.at(0, t).abs().add(X.at(m, 0).abs()).add(1);
            const [root] = fold(L.steps("i"), [x] as const, (_, [r]) => [r.add(x.div(r)).mul(0.5)] as const, {
              when: ([r]) => r.mul(r).sub(x).abs().gt(1e-3),
            });
            return root;
          });
          return [s.add(roots.sum(t))] as const;
        });
        Sum.at(m).set(sum);
      }),
    { name: "mixed", statics: { L: 12 } },
  );
const numbers = (...dims: readonly number[]) =>
  ({
    dtype: "f32",
    dims,
    data: Float32Array.from({ length: dims.reduce((p, n) => p * n, 1) }, (_, i) => Math.sin(i * 12.9898) * 2),
  }) as const;
const outputs = ["Y", "Count", "Sum"] as const;

const sizes = [
  [1, 1, 1, 1],
  [3, 5, 17, 6],
  [9, 4, 33, 20],
] as const;
for (const target of ["interpreter", "wasm", "native", "webgpu"] as const)
  test(`tiles and cells in one kernel on ${target}`, async t => {
    const problem =
      target === "native" ? await nativeProblem() : target === "webgpu" ? (await gpuState()).problem : undefined;
    if (problem) return t.skip(problem);
    const k = mixed();
    // a C compiler takes more time than all else
    const due = sizes.filter((_, i) => target !== "native" || isInTurn(i, sizes.length));
    for (const [M, K, N, J] of due) {
      const tensors = { X: numbers(M, K), W: numbers(K, N), V: numbers(N, J) };
      const want = k.eager(tensors);
      const got = await k.run(tensors, { target, threads: 1 });
      for (const name of outputs) {
        const scale = Math.max(...Array.from(want[name].data as Float32Array, Math.abs));
        (want[name].data as Float32Array).forEach((y, i) => {
          const x = Number(got[name].data[i]);
          const near = Math.abs(x - y) <= (name === "Count" ? 0 : 1e-5 * scale);
          assert.ok(near, `${name} at ${i} is ${x}, not ${y}`);
        });
      }
    }
    k.dispose();
  });
test("it is sound: whatever the size of tiles", async () => {
  assert.deepEqual(await checkKernel(mixed(), { targets: ["wasm"] }), []);
});
