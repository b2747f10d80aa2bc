// Products of bytes: each 32-bit word holds four, unsigned in u32 and signed in i32.
import type { Dtype } from "../../src/ir/dtypes.js";
import { dotQuads, grid, i32, u32 } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import type { TypedCase } from "./typed-cases.js";

type Words = "i32" | "u32";
const word = { i32, u32 };

/** Y = X · W over words of a row of X and of a column of W, plus b */
export const linearQuads = (x: Words = "u32", w: Words = "i32") =>
  kernel(
    { X: word[x]("M K"), W: word[w]("K N"), b: i32("N"), Y: i32("M N") },
    ({ X, W, b, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dotQuads(X.at(m, k), W.at(k, n), k).add(b.at(n)));
      }),
    { name: "linearQuads" },
  );
/** each row by itself: the reduced axis is in the lanes */
export const rowQuads = (x: Words = "u32", w: Words = "i32") =>
  kernel(
    { X: word[x]("M K"), W: word[w]("K"), Y: i32("M") },
    ({ X, W, Y, M, K }) =>
      grid(M.tile(), m => {
        const k = K.all();
        Y.at(m).set(dotQuads(X.at(m, k), W.at(k), k));
      }),
    { name: "rowQuads" },
  );

/** Products of bytes of which those of W are masked, over C words in groups: what fits 16 bits is decided by mask and C. */
export const maskedQuads = (mask: number, C: number, swapped = false, x: Words = "i32") =>
  kernel(
    { X: word[x]("M K C"), W: u32("K C N"), Y: i32("M N") },
    ({ X, W, Y, M, N, K, C: words }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const [k, c] = [K.all(), words.all()];
        const small = W.at(k, c, n).and(mask);
        const sum = swapped ? dotQuads(small, X.at(m, k, c), c) : dotQuads(X.at(m, k, c), small, c);
        Y.at(m, n).set(sum.sum(k));
      }),
    { name: `maskedQuads${C}`, statics: { C } },
  );
/** the same, each row by itself */
export const maskedRowQuads = (mask: number) =>
  kernel(
    { X: i32("M K"), W: u32("K"), Y: i32("M") },
    ({ X, W, Y, M, K }) =>
      grid(M.tile(), m => {
        const k = K.all();
        Y.at(m).set(dotQuads(X.at(m, k), W.at(k).and(mask), k));
      }),
    { name: "maskedRowQuads" },
  );

/** bytes of all sizes, the ends among them */
const bytes = (count: number, seed: number, dtype: Dtype): number[] =>
  Array.from({ length: count }, (_, i) => {
    const x = i % 5 === 0 ? [0, 127, 128, 255][((i / 5) % 4) | 0]! : (Math.imul(i + seed, 0x9e3779b1) >>> 24) & 255;
    return dtype === "u32" ? x : (x << 24) >> 24;
  });
const packed = (values: readonly number[], dtype: Dtype): number[] =>
  Array.from({ length: values.length / 4 }, (_, i) => {
    const word = [0, 1, 2, 3].reduce((bits, j) => bits | ((values[4 * i + j]! & 255) << (8 * j)), 0);
    return dtype === "u32" ? word >>> 0 : word;
  });

const [m, n, k] = [7, 19, 13];
const each = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const b = each(n).map(i => i * 1000 - 7000);

/** `xs` by rows, `ws` by columns: four neighbours of either make a word */
function byRowsAndColumns(x: Words, w: Words): TypedCase {
  const [xs, ws] = [bytes(4 * m * k, 1, x), bytes(4 * n * k, 5, w)];
  const columns = packed(ws, w);
  const sum = (r: number, j: number): number =>
    each(4 * k).reduce((s, i) => s + xs[4 * r * k + i]! * ws[4 * j * k + i]!, 0);
  return {
    name: `products of bytes of ${x} and ${w} by rows and columns`,
    kernel: () => linearQuads(x, w).ir,
    tensors: {
      X: { dims: [m, k], values: packed(xs, x) },
      W: { dims: [k, n], values: each(k).flatMap(p => each(n).map(j => columns[j * k + p]!)) },
      b: { dims: [n], values: b },
      Y: { dims: [m, n] },
    },
    output: "Y",
    want: each(m).flatMap(r => each(n).map(j => sum(r, j) + b[j]!)),
  };
}
function alongRow(x: Words, w: Words): TypedCase {
  const [xs, ws] = [bytes(4 * m * k, 3, x), bytes(4 * k, 4, w)];
  return {
    name: `products of bytes of ${x} and ${w} along a row`,
    kernel: () => rowQuads(x, w).ir,
    tensors: {
      X: { dims: [m, k], values: packed(xs, x) },
      W: { dims: [k], values: packed(ws, w) },
      Y: { dims: [m] },
    },
    output: "Y",
    want: each(m).map(r => each(4 * k).reduce((s, i) => s + xs[4 * r * k + i]! * ws[i]!, 0)),
  };
}
export const signs: readonly (readonly [Words, Words])[] = [
  ["u32", "i32"],
  ["i32", "u32"],
  ["i32", "i32"],
  ["u32", "u32"],
];
export const quadCases: readonly TypedCase[] = signs.flatMap(([x, w]) => [byRowsAndColumns(x, w), alongRow(x, w)]);
