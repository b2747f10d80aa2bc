// Products of halves: each 32-bit integer holds two of 16 bits.
import { dotPairs, grid, i32 } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import type { TypedCase } from "./typed-cases.js";

/** Y = X · W over pairs of a row of X and of a column of W, plus b */
export const linearPairs = () =>
  kernel(
    { X: i32("M K"), W: i32("K N"), b: i32("N"), Y: i32("M N") },
    ({ X, W, b, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dotPairs(X.at(m, k), W.at(k, n), k).add(b.at(n)));
      }),
    { name: "linearPairs" },
  );
/** each row by itself: the reduced axis is in the lanes */
export const rowPairs = () =>
  kernel(
    { X: i32("M K"), W: i32("K"), Y: i32("M") },
    ({ X, W, Y, M, K }) =>
      grid(M.tile(), m => {
        const k = K.all();
        Y.at(m).set(dotPairs(X.at(m, k), W.at(k), k));
      }),
    { name: "rowPairs" },
  );

export const packPair = (low: number, high: number): number => (low & 0xffff) | (high << 16);
/** halves of all sizes, of both signs, the extremes among them */
const halves = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => {
    const x = Math.imul(i + seed, 0x9e3779b1) >>> 16;
    return i % 7 === 0 ? [-32768, 32767, 0, -1][((i / 7) % 4) | 0]! : (x & 0xffff) - 32768;
  });
const paired = (values: readonly number[]): number[] =>
  Array.from({ length: values.length / 2 }, (_, i) => packPair(values[2 * i]!, values[2 * i + 1]!));

const [m, n, k] = [7, 19, 13];
const x = halves(2 * m * k, 1);
// columns of W hold their halves one above the other
const w = halves(2 * n * k, 5);
const b = Array.from({ length: n }, (_, i) => i * 1000 - 7000);
const wide = (f: (i: number) => number, count: number): number => {
  let sum = 0n;
  for (let i = 0; i < count; i++) sum += BigInt(f(i));
  return Number(BigInt.asIntN(32, sum));
};
const each = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export const pairCases: readonly TypedCase[] = [
  {
    name: "products of halves by rows and columns",
    kernel: () => linearPairs().ir,
    tensors: {
      X: { dims: [m, k], values: paired(x) },
      W: {
        dims: [k, n],
        values: each(k).flatMap(p => each(n).map(j => packPair(w[2 * (j * k + p)]!, w[2 * (j * k + p) + 1]!))),
      },
      b: { dims: [n], values: b },
      Y: { dims: [m, n] },
    },
    output: "Y",
    want: each(m).flatMap(r => each(n).map(j => (wide(i => x[2 * r * k + i]! * w[2 * j * k + i]!, 2 * k) + b[j]!) | 0)),
  },
  {
    name: "products of halves along a row",
    kernel: () => rowPairs().ir,
    tensors: {
      X: { dims: [m, k], values: paired(x) },
      W: { dims: [k], values: paired(w.slice(0, 2 * k)) },
      Y: { dims: [m] },
    },
    output: "Y",
    want: each(m).map(r => wide(i => x[2 * r * k + i]! * w[i]!, 2 * k)),
  },
];
