// Lesson 3: reductions whose results broadcast back over the row.
import type { Case, Exercise, Text } from "../exercise.js";
import { f32, reader, sum, table, wave } from "../exercise.js";

const EPSILON = 1e-5;

function normalised(dims: readonly [number, number], f: (i: number) => number, name: Text, hint: Text): Case {
  const X = f32(dims, f);
  const [x, columns] = [reader(X), dims[1]];
  const rows = Array.from({ length: dims[0] }, (_, r) => {
    const mean = sum(columns, c => x(r, c)) / columns;
    return { mean, deviation: Math.sqrt(sum(columns, c => (x(r, c) - mean) ** 2) / columns + EPSILON) };
  });
  return {
    name,
    hint,
    tensors: { X, Y: f32(dims, () => 0) },
    output: "Y",
    want: table(dims, (r, c) => (x(r!, c!) - rows[r!]!.mean) / rows[r!]!.deviation),
  };
}

export const softmax: Exercise = {
  slug: "03-softmax",
  title: { en: "Reductions: softmax", zh: "归约：softmax" },
  exports: "layerNorm",
  task: {
    en: "layerNorm: Y[r, c] = (X[r, c] − mean) / √(variance + 1e-5), mean and variance of each row",
    zh: "layerNorm：Y[r, c] = (X[r, c] − 均值) / √(方差 + 1e-5)，均值和方差逐行计算",
  },
  cases: [
    normalised(
      [2, 4],
      wave,
      { en: "2 × 4", zh: "2 × 4" },
      {
        en: 'the mean is x.sum(c).div(C.size.cast("f32")), and has no axis c any more: x.sub(mean) broadcasts it',
        zh: '均值是 x.sum(c).div(C.size.cast("f32"))，它已经没有轴 c：x.sub(mean) 会把它广播回去',
      },
    ),
    normalised(
      [3, 5],
      i => (i < 5 ? 7 : wave(i)),
      { en: "a row of equal numbers", zh: "一行相同的数" },
      {
        en: "add 1e-5 to the variance before the root",
        zh: "先把 1e-5 加到方差上，再开方",
      },
    ),
    normalised(
      [2, 64],
      i => 1000 + wave(i),
      { en: "numbers around 1000", zh: "1000 附近的数" },
      {
        en: "the mean of squares less the square of the mean loses all digits in f32: average the squares of x − mean",
        zh: "“平方的均值减去均值的平方”在 f32 中会丢掉所有有效数字：请对 x − mean 的平方求均值",
      },
    ),
  ],
};
