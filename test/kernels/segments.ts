// Segments of a dim: matrices by group, scales by group, and what a block of several segments must keep apart.
import { constant, dot, f32, fold, grid, i32, inPlace, literal, materialize, zeros } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import type { TypedCase } from "./typed-cases.js";

/** rows of X times the matrix of the segment that they are in */
export const groupedGemm = (weights: "constant" | "given" = "given") =>
  kernel(
    { X: f32("M K"), W: weights === "constant" ? constant(f32("G K N")) : f32("G K N"), Off: i32("B"), Y: f32("M N") },
    ({ X, W, Off, Y, M, N, K }) =>
      grid(M.segments(Off), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dot(X.at(m, k), W.at(m.seg, k, n), k));
      }),
    { name: "groupedGemm" },
  );

/** each element by the scale of its segment, the segment's number added */
export const scaled = () =>
  kernel(
    { X: f32("M"), S: f32("G"), Off: i32("B"), Y: f32("M") },
    ({ X, S, Off, Y, M }) =>
      grid(M.segments(Off), m => {
        Y.at(m).set(X.at(m).mul(S.at(m.seg)).add(m.seg.cast("f32")));
      }),
    { name: "scaled" },
  );

/** columns in segments, and a sum in a fold over rows that starts with the segment's number */
export const foldedColumns = () =>
  kernel(
    { X: f32("R M"), Off: i32("B"), Y: f32("M") },
    ({ X, Off, Y, R, M }) =>
      grid(M.segments(Off), m => {
        const [sum] = fold(R.tile(), [zeros("f32", m)] as const, (r, [s]) => [s.add(X.at(r, m).sum(r))] as const);
        Y.at(m).set(sum.add(m.seg.mul(100).cast("f32")));
      }),
    { name: "foldedColumns" },
  );

/** softmax of rows by the temperature of their segment: a value that is kept for a row */
export const temperatures = () =>
  kernel(
    { X: f32("M C"), T: f32("G"), Off: i32("B"), Y: f32("M C") },
    ({ X, T, Off, Y, M, C }) =>
      grid(M.segments(Off), m => {
        const c = C.all();
        const x = X.at(m, c).mul(T.at(m.seg));
        const e = x.sub(x.max(c)).exp();
        Y.at(m, c).set(e.div(e.sum(c)));
      }),
    { name: "temperatures" },
  );

/** differences of neighbours along the other axis, through a materialised tile; writes where a condition holds */
export const masked = () =>
  kernel(
    { X: f32("M C"), Off: i32("B"), Y: inPlace(f32("M C")) },
    ({ X, Off, Y, M, C }) =>
      grid(M.segments(Off), m => {
        const c = C.all();
        const doubled = materialize(X.at(m, c).mul(2), m, c);
        const next = doubled.at(m, c.add(1)).sub(doubled.at(m, c));
        Y.at(m, c).set(next.add(m.seg.cast("f32")), { when: m.seg.imod(2).eq(literal("i32", 0)) });
      }),
    { name: "masked" },
  );

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const numbers = (n: number, by = 7): number[] => range(n).map(i => (((i * by) % 23) - 11) / 4);
const segmentOf = (off: readonly number[], m: number): number =>
  off.findIndex((first, s) => first <= m && m < (off[s + 1] ?? first));
const sum = (n: number, f: (i: number) => number): number => range(n).reduce((s, i) => s + f(i), 0);

/** by name: the offsets, which tell how many segments there are and how long the dim is */
export const divisions: Readonly<Record<string, readonly number[]>> = {
  "three segments, one empty": [0, 4, 4, 10],
  "one segment": [0, 7],
  "empty ones at both ends": [0, 0, 0, 9, 9],
  "segments of one": [0, 1, 2, 3, 4, 5],
  "tails of a register tile": [0, 6, 13, 18, 29, 33],
  "nothing in two segments": [0, 0, 0],
  "no segment": [0],
};
const grouped = (off: readonly number[], K: number, N: number): TypedCase => {
  const M = off.at(-1)!;
  const G = off.length - 1;
  const [x, w] = [numbers(M * K), numbers(G * K * N, 5)];
  return {
    name: `segments: groups ${off.join(" ")}, ${K} by ${N}`,
    kernel: () => groupedGemm().ir,
    tensors: {
      X: { dims: [M, K], values: x },
      W: { dims: [G, K, N], values: w },
      Off: { dims: [off.length], values: off },
      Y: { dims: [M, N] },
    },
    output: "Y",
    want: range(M * N).map(i => {
      const [m, n] = [Math.floor(i / N), i % N];
      return sum(K, k => x[m * K + k]! * w[(segmentOf(off, m) * K + k) * N + n]!);
    }),
  };
};
const simple = (
  kernelOf: () => ReturnType<typeof scaled> | ReturnType<typeof foldedColumns> | ReturnType<typeof masked>,
  off: readonly number[],
  more: TypedCase["tensors"],
  output: readonly number[],
  want: (m: number, seg: number) => readonly number[],
  tolerance?: number,
): TypedCase => ({
  name: `segments: ${kernelOf().name}, ${off.join(" ")}`,
  kernel: () => kernelOf().ir,
  tensors: { ...more, Off: { dims: [off.length], values: off }, Y: { dims: output, ...(more.Y ?? {}) } },
  output: "Y",
  want: range(off.at(-1)!).flatMap(m => want(m, segmentOf(off, m))),
  ...(tolerance ? { tolerance } : {}),
});
const C = 9;
export const segmentCases: readonly TypedCase[] = [
  ...Object.values(divisions).map(off => grouped(off, 5, 13)),
  grouped([0, 3, 3, 20], 1, 1),
  grouped([0, 3, 3, 20], 0, 4),
  ...Object.values(divisions).flatMap(off => {
    const [M, G] = [off.at(-1)!, off.length - 1];
    const [x, s] = [numbers(M * C), numbers(G, 3)];
    const X = { dims: [M, C], values: x };
    return [
      simple(scaled, off, { X: { dims: [M], values: x.slice(0, M) }, S: { dims: [G], values: s } }, [M], (m, g) => [
        x[m]! * s[g]! + g,
      ]),
      simple(foldedColumns, off, { X: { dims: [C, M], values: x } }, [M], (m, g) => [
        sum(C, r => x[r * M + m]!) + 100 * g,
      ]),
      simple(
        temperatures as never,
        off,
        { X, T: { dims: [G], values: s } },
        [M, C],
        (m, g) => {
          const e = range(C).map(c => Math.exp(x[m * C + c]! * s[g]!));
          return e.map(v => v / sum(C, c => e[c]!));
        },
        1e-5,
      ),
      simple(masked, off, { X, Y: { dims: [M, C], values: x.map(() => -1) } }, [M, C], (m, g) =>
        range(C).map(c => (g % 2 ? -1 : 2 * ((c + 1 < C ? x[m * C + c + 1]! : 0) - x[m * C + c]!) + g)),
      ),
    ];
  }),
];
