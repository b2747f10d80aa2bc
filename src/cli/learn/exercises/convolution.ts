// Lesson 6: windows whose borders read what the author says.
import type { Case, Exercise, Text } from "../exercise.js";
import { f32, reader, table, wave } from "../exercise.js";

function pooled(h: number, w: number, c: number, f: (i: number) => number, name: Text, hint: Text): Case {
  const X = f32([h, w, c], f);
  const x = reader(X);
  const [u, v] = [Math.floor((h - 1) / 2) + 1, Math.floor((w - 1) / 2) + 1];
  const inside = (i: number, n: number): boolean => i >= 0 && i < n;
  const taps = [-1, 0, 1].flatMap(p => [-1, 0, 1].map(q => [p, q] as const));
  return {
    name,
    hint,
    tensors: { X, Y: f32([u, v, c], () => 0) },
    output: "Y",
    want: table([u, v, c], (i, j, k) =>
      Math.max(
        ...taps
          .map(([p, q]) => [2 * i! + p, 2 * j! + q] as const)
          .filter(([a, b]) => inside(a, h) && inside(b, w))
          .map(([a, b]) => x(a, b, k!)),
      ),
    ),
  };
}

export const convolution: Exercise = {
  slug: "06-convolution",
  title: { en: "Windows and borders: convolution", zh: "窗口与边界：卷积" },
  exports: "maxPool",
  task: {
    en: "maxPool: windows of 3 × 3 that move by 2, one row and column of border; what is outside of the image never wins",
    zh: "maxPool：3 × 3 的窗口，步长 2，四周各一行一列边界；图像之外的位置绝不会是最大值",
  },
  cases: [
    pooled(
      4,
      4,
      1,
      i => i,
      { en: "4 × 4, rising", zh: "4 × 4，递增" },
      {
        en: "the row is u.mul(2).add(p).sub(1), and .max(p, q) leaves one number of the window",
        zh: "行号是 u.mul(2).add(p).sub(1)，.max(p, q) 从窗口中留下一个数",
      },
    ),
    pooled(
      5,
      4,
      2,
      i => wave(i) - 3,
      { en: "negative numbers", zh: "全是负数" },
      {
        en: 'a read outside gives 0, which is more than they are: X.fill(lowest("f32")).at(…)',
        zh: '越界读取得到 0，比这些数都大：请用 X.fill(lowest("f32")).at(…)',
      },
    ),
    pooled(
      9,
      14,
      3,
      wave,
      { en: "9 × 14, 3 channels", zh: "9 × 14，3 个通道" },
      {
        en: "rows and columns have sizes of their own, and each channel is by itself",
        zh: "行和列的尺寸各不相同，每个通道独立计算",
      },
    ),
  ],
};
