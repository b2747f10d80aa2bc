// Eager execution against the interpreter and plain loops: the same source, on arrays, where a debugger can follow.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TileValues } from "../../src/tile/index.js";
import { f32, fold, grid, i32, inPlace, zeros } from "../../src/tile/index.js";
import type { TileKernel } from "../../src/tile/tile-kernel.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { argumentsFor, cases } from "../kernels/cases.js";
import { groupedGemm, segmentCases } from "../kernels/segments.js";
import * as stage1 from "../kernels/stage1.js";
import { arraysOf, difference, valuesOf } from "../kernels/typed-cases.js";

const kernels: Record<string, () => TileKernel> = {
  linear: () => stage1.linear() as never,
  "conv stride 2 pad 1": () => stage1.conv(2, 1) as never,
  maxPool: () => stage1.maxPool(2, 1) as never,
  softmax: () => stage1.softmax() as never,
  layerNorm: () => stage1.layerNorm() as never,
  "causal attention": () => stage1.attention({ causal: true, group: 2 }) as never,
  lstm: () => stage1.lstm() as never,
  transposingChain: () => stage1.transposingChain() as never,
};
for (const [name, make] of Object.entries(kernels))
  for (const [block, foldTile] of [
    [undefined, undefined],
    [2, 3],
  ])
    test(`${name}, blocks of ${block ?? "everything"}`, () => {
      const c = cases.find(x => x.name === name)!;
      const k = make();
      const sizes = c.sizes[0]!;
      const args = argumentsFor(k.ir, sizes);
      const out = k.eager(args, { ...(block ? { block } : {}), ...(foldTile ? { foldTile } : {}) });
      const want = c.want(Object.fromEntries(Object.entries(args).map(([n, a]) => [n, a.data])), sizes);
      want.forEach((w, i) => {
        const got = out[c.output]!.data[i] as number;
        assert.ok(Math.abs(got - w) <= 2e-7 * (1 + Math.abs(w)), `element ${i}: got ${got}, want ${w}`);
      });
    });

for (const block of [undefined, 1, 4])
  test(`segments, blocks of ${block ?? "everything"}`, () => {
    for (const c of segmentCases.filter(c => c.name.includes("groups"))) {
      const k = groupedGemm();
      const args = arraysOf(c, k.ir);
      const { Y } = k.eager(args as never, block ? { block } : {});
      assert.equal(difference(c, valuesOf(Y)), undefined, c.name);
    }
  });
test("values can be looked at while the kernel runs, and only then", () => {
  const seen: (TileValues | undefined)[] = [];
  const k = kernel({ X: f32("M K"), Y: f32("M") }, ({ X, Y, M, K }) =>
    grid(M.tile(), m => {
      const k = K.all();
      const s = X.at(m, k).sum(k);
      seen.push(s.peek());
      Y.at(m).set(s);
    }),
  );
  assert.deepEqual(seen, [undefined]);
  const X = { dtype: "f32", dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } as const;
  const { Y } = k.eager({ X });
  assert.deepEqual(seen[1], { axes: ["m"], lengths: [2], data: [6, 15] });
  assert.deepEqual([...(Y!.data as Float32Array)], [6, 15]);
});

test("a mistake throws in the user's line", () => {
  const k = kernel({ T: f32("N"), I: i32("M"), Y: f32("M") }, ({ T, I, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(T.at(I.at(m)));
    }),
  );
  const T = { dtype: "f32", dims: [3], data: Float32Array.of(1, 2, 3) } as const;
  const I = { dtype: "i32", dims: [2], data: Int32Array.of(1, 3) } as const;
  assert.throws(
    () => k.eager({ T, I }),
    (e: Error) => {
      assert.match(
        e.message,
        /^kernel "kernel": "T" is read at 3 along dim 0, which has 3 indices; clamp or check the gathered index \(.*eager\.test\.js:\d+\)$/,
      );
      assert.match(e.stack!, /eager\.test\.js/);
      return true;
    },
  );
});

test("what is read and written in place changes at the end of a body", () => {
  const k = kernel({ X: inPlace(f32("N")) }, ({ X, N }) =>
    grid(N.tile(), i => {
      X.at(i).set(X.at(i).add(1));
      X.at(i).mul(2);
    }),
  );
  const X = { dtype: "f32", dims: [3], data: Float32Array.of(1, 2, 3) } as const;
  k.eager({ X });
  assert.deepEqual([...X.data], [2, 3, 4]);
});

test("an output whose size nothing tells must be handed in", () => {
  const k = kernel({ X: f32("N"), Y: f32("M") }, ({ X, Y, M }) => grid(M.tile(), m => Y.at(m).set(X.at(m))), {
    name: "stretch",
  });
  const X = { dtype: "f32", dims: [2], data: Float32Array.of(1, 2) } as const;
  assert.throws(() => k.eager({ X }), {
    code: "input",
    message: 'kernel "stretch": dim 0 of "Y" does not follow from the other tensors; hand in "Y" too',
  });
  const Y = { dtype: "f32", dims: [3], data: new Float32Array(3) } as const;
  k.eager({ X, Y });
  assert.deepEqual([...Y.data], [1, 2, 0]);
});

test("a tensor that the kernel does not have is refused, as by compiled code", () => {
  const k = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) => grid(N.tile(), n => Y.at(n).set(X.at(n).neg())), {
    name: "opposite",
  });
  const given = { X: { dtype: "f32", dims: [1], data: Float32Array.of(1) }, Q: 1 } as never;
  const message = 'kernel "opposite": there is no tensor "Q"; its tensors are X, Y';
  assert.throws(() => k.eager(given), { code: "input", message });
});

test("folds over points carry their state", () => {
  const k = kernel({ X: f32("T N"), Y: f32("T N") }, ({ X, Y, T, N }) => {
    const n = N.all();
    fold(T.steps(), [zeros("f32", n)] as const, (t, [s]) => {
      const next = s.mul(0.5).add(X.at(t, n));
      Y.at(t, n).set(next);
      return [next] as const;
    });
  });
  const X = { dtype: "f32", dims: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) } as const;
  assert.deepEqual([...(k.eager({ X }).Y!.data as Float32Array)], [1, 2, 3.5, 5, 6.75, 8.5]);
});
