// Lesson 2: operands broadcast over axes that they lack; two axes over one dim are two axes.
import type { Case, Exercise, Text } from "../exercise.js";
import { f32, reader, table, wave } from "../exercise.js";

function distances(n: number, name: Text, hint: Text): Case {
  const X = f32([n], i => 3 * wave(i));
  const W = f32([n], i => 1 + (i % 4));
  const [x, w] = [reader(X), reader(W)];
  return {
    name,
    hint,
    tensors: { X, W, D: f32([n, n], () => 0) },
    output: "D",
    want: table([n, n], (i, j) => Math.abs(x(i!) - x(j!)) * w(j!)),
  };
}

export const broadcast: Exercise = {
  slug: "02-broadcast",
  title: { en: "Axes, broadcasting and tails", zh: "轴、广播与尾部" },
  exports: "distances",
  task: {
    en: "distances: D[i, j] = |X[i] − X[j]| · W[j], for all pairs of one vector",
    zh: "distances：D[i, j] = |X[i] − X[j]| · W[j]，对一个向量的所有元素对",
  },
  cases: [
    distances(
      3,
      { en: "3 points", zh: "3 个点" },
      {
        en: 'both axes go over N and must be different axes: N.tile("i") and N.tile("j"); W belongs to the columns',
        zh: '两根轴都取自 N，但必须是不同的轴：N.tile("i") 和 N.tile("j")；W 属于列',
      },
    ),
    distances(
      1,
      { en: "1 point", zh: "1 个点" },
      { en: "no size is special: say what D[i, j] is, and no more", zh: "没有特殊的尺寸：只需说明 D[i, j] 是什么" },
    ),
    distances(
      37,
      { en: "37 points", zh: "37 个点" },
      {
        en: "the distance is not signed: .abs() before the weight",
        zh: "距离没有符号：先 .abs()，再乘以权重",
      },
    ),
  ],
};
