// Programs for single elements: loops that each element leaves by itself, in loops, with reads at places that they compute.
import { cells, f32, f64, fold, grid, i32, i64, literal, materialize, where } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import type { TypedCase } from "./typed-cases.js";

const limit = 40;

/** for each point how many steps of z² + c stay within a circle of radius 2 */
export const mandelbrot = () =>
  kernel(
    { X: f32("W"), Y: f32("H"), Count: i32("H W") },
    ({ X, Y, Count, H, W, S }) =>
      grid(H.tile(), W.tile(), (h, w) => {
        const count = cells(h, w, (h, w) => {
          const zero = literal("f32", 0);
          const [, , n] = fold(
            S.steps(),
            [zero, zero, literal("i32", 0)],
            (_, [re, im, n]) =>
              [re.mul(re).sub(im.mul(im)).add(X.at(w)), re.mul(im).mul(2).add(Y.at(h)), n.add(1)] as const,
            { when: ([re, im]) => re.mul(re).add(im.mul(im)).le(4) },
          );
          return n;
        });
        Count.at(h, w).set(count);
      }),
    { name: "mandelbrot", statics: { S: limit } },
  );
function mandelbrotOf(x: number, y: number): number {
  let [re, im, n] = [0, 0, 0];
  const f = Math.fround;
  for (; n < limit && re * re + im * im <= 4; n++) [re, im] = [f(re * re - im * im + x), f(2 * re * im + y)];
  return n;
}

/** two results of one loop on 64-bit integers, which no vector holds: steps to 1, and the largest number on the way */
export const collatz = () =>
  kernel(
    { X: i64("N"), Steps: i32("N"), Largest: i64("N"), Limit: i32("L") },
    ({ X, Steps, Largest, N, L }) =>
      grid(N.tile(), n => {
        const [steps, largest] = cells(n, n => {
          const start = [X.at(n), literal("i32", 0), X.at(n)] as const;
          const [, steps, largest] = fold(
            L.steps(),
            start,
            (_, [x, steps, largest]) => {
              const next = where(x.rem(2).eq(0), x.div(2), x.mul(3).add(1));
              return [next, steps.add(1), largest.maximum(next)] as const;
            },
            { when: ([x]) => x.gt(1) },
          );
          return [steps, largest];
        });
        Steps.at(n).set(steps);
        Largest.at(n).set(largest);
      }),
    { name: "collatz" },
  );
function collatzOf(x: number): [steps: number, largest: number] {
  let [steps, largest] = [0, x];
  for (let at = x; at > 1; steps++) {
    at = at % 2 === 0 ? at / 2 : 3 * at + 1;
    largest = Math.max(largest, at);
  }
  return [steps, largest];
}

/** the root of a number in a forest: follows parents, clamped for elements that wait */
export const rootOf = () =>
  kernel(
    { Parent: i32("N"), Root: i32("N") },
    ({ Parent, Root, N }) =>
      grid(N.tile(), n => {
        const root = cells(n, n => {
          const [at] = fold(N.steps(), [n], (_, [at]) => [Parent.at(at)], { when: ([at]) => Parent.at(at).ne(at) });
          return at;
        });
        Root.at(n).set(root);
      }),
    { name: "rootOf" },
  );

/** a loop in a loop, a reduction and a materialised tile inside: Σ over steps of how often a row's sum can be halved */
export const nested = () =>
  kernel(
    { X: f32("R K"), B: f32("R"), Y: f32("R J"), Times: i32("T") },
    ({ X, B, Y, R, K, J, T }) =>
      grid(R.tile(), r => {
        const j = J.all();
        const q = R.all("q");
        const scaled = materialize(B.at(q).mul(2), q);
        const y = cells(r, j, (r, j) => {
          const [total] = fold(T.steps(), [literal("f32", 0)], (t, [total]) => {
            const k = K.all();
            const start = X.at(r, k).mul(j.add(1).cast("f32")).sum(k).add(scaled.at(r)).add(t.cast("f32"));
            const [, n] = fold(T.steps(), [start, total], (_, [x, n]) => [x.mul(0.5), n.add(1)] as const, {
              when: ([x]) => x.gt(1),
            });
            return [n];
          });
          return total;
        });
        Y.at(r, j).set(y);
      }),
    { name: "nested" },
  );
function nestedOf(x: readonly number[], b: number, j: number, times: number): number {
  let total = 0;
  for (let t = 0; t < times; t++) {
    let value = x.reduce((sum, v) => sum + v * (j + 1), 0) + 2 * b + t;
    for (let s = 0; s < times && value > 1; s++, total++) value /= 2;
  }
  return total;
}

/** Newton's steps in f64, then summed: a reduction of what cells give */
export const sumOfRoots = () =>
  kernel(
    { X: f64("R N"), Y: f64("R") },
    ({ X, Y, R, N, S }) =>
      grid(R.tile(), r => {
        const n = N.all();
        const roots = cells(r, n, (r, n) => {
          const x = X.at(r, n);
          const [root] = fold(S.steps(), [x.maximum(1)], (_, [y]) => [y.add(x.div(y)).mul(0.5)] as const);
          return root;
        });
        Y.at(r).set(roots.sum(n));
      }),
    { name: "sumOfRoots", statics: { S: 30 } },
  );

/** no loop at all, and a neighbour's value: cells under shifted indices */
export const shifted = () =>
  kernel(
    { X: f32("N"), Y: f32("N") },
    ({ X, Y, N }) =>
      grid(() => {
        const n = N.all();
        const m = N.all("m");
        const doubled = cells(
          m,
          m => fold(N.steps(), [X.at(m)], (_, [x]) => [x.mul(2)], { when: ([x]) => x.lt(100) })[0],
        );
        Y.at(n).set(materialize(doubled, m).fill(-1).at(n.add(1)));
      }),
    { name: "shifted" },
  );

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const points = (w: number, h: number) => ({
  X: { dims: [w], values: range(w).map(i => Math.fround(-2.1 + (i * 2.9) / w)) },
  Y: { dims: [h], values: range(h).map(i => Math.fround(-1.2 + (i * 2.4) / h)) },
});
const mandelbrotCase = (w: number, h: number): TypedCase => {
  const { X, Y } = points(w, h);
  return {
    name: `cells: ${h}×${w} points of the Mandelbrot set`,
    kernel: () => mandelbrot().ir,
    tensors: { X, Y, Count: { dims: [h, w] } },
    output: "Count",
    want: Y.values.flatMap(y => X.values.map(x => mandelbrotOf(x, y))),
  };
};
const numbers = [1, 27, 6, 7, 2, 97, 871, 3, 0];
const collatzCase = (output: "Steps" | "Largest"): TypedCase => ({
  name: `cells: Collatz, ${output}`,
  kernel: () => collatz().ir,
  tensors: {
    X: { dims: [9], values: numbers.map(BigInt) },
    Steps: { dims: [9] },
    Largest: { dims: [9] },
    Limit: { dims: [500], values: range(500) },
  },
  output,
  want: numbers.map(x => (output === "Steps" ? collatzOf(x)[0] : BigInt(collatzOf(x)[1]))),
});
const parents = [0, 0, 1, 2, 3, 5, 5, 6, 8, 4, 9, 10];
const roots = parents.map(x => {
  let at = x;
  while (parents[at] !== at) at = parents[at]!;
  return at;
});
const rows = [0.5, 3, -1, 20, 7, 0.25, 1000, -3, 2, 1, 1, 9];
const offsets = [1, 0, -2, 0.5];
const squares = [4, 9, 0.25, 2, 100, 64, 1, 12.25, 36, 6.25];

export const cellCases: readonly TypedCase[] = [
  mandelbrotCase(17, 3),
  mandelbrotCase(1, 1),
  mandelbrotCase(8, 2),
  collatzCase("Steps"),
  collatzCase("Largest"),
  {
    name: "cells: roots of a forest",
    kernel: () => rootOf().ir,
    tensors: { Parent: { dims: [12], values: parents }, Root: { dims: [12] } },
    output: "Root",
    want: roots,
  },
  ...[0, 1, 5].map(times => ({
    name: `cells: a loop of ${times} steps in another`,
    kernel: () => nested().ir,
    tensors: {
      X: { dims: [4, 3], values: rows },
      B: { dims: [4], values: offsets },
      Y: { dims: [4, 9] },
      Times: { dims: [times], values: range(times) },
    },
    output: "Y",
    want: offsets.flatMap((b, r) => range(9).map(j => nestedOf(rows.slice(3 * r, 3 * r + 3), b, j, times))),
  })),
  {
    name: "cells: sums of square roots",
    kernel: () => sumOfRoots().ir,
    tensors: { X: { dims: [2, 5], values: squares }, Y: { dims: [2] } },
    output: "Y",
    want: [0, 5].map(from => squares.slice(from, from + 5).reduce((sum, x) => sum + Math.sqrt(x), 0)),
    tolerance: 1e-13,
  },
  {
    name: "cells: read under shifted indices",
    kernel: () => shifted().ir,
    tensors: { X: { dims: [7], values: [1, 2, 3, 50, 99, 100, 0.5] }, Y: { dims: [7] } },
    output: "Y",
    want: [128, 192, 100, 198, 100, 64, -1],
  },
];
