// Lesson 10: a loop that each element leaves by itself.
import type { Case, Exercise, Text } from "../exercise.js";
import { i32 } from "../exercise.js";

const MOST = 200;

function stepsOf(n: number): number {
  let [x, steps] = [n, 0];
  for (; x > 1 && steps < MOST; steps++) x = x % 2 === 0 ? x / 2 : 3 * x + 1;
  return steps;
}
function counted(numbers: readonly number[], name: Text, hint: Text): Case {
  return {
    name,
    hint,
    tensors: { X: i32(...numbers), Steps: i32(...numbers.map(() => 0)) },
    output: "Steps",
    want: numbers.map(stepsOf),
  };
}

export const cells: Exercise = {
  slug: "10-cells",
  title: { en: "Thread style: cells and scan", zh: "线程风格：cells 与 scan" },
  exports: "collatz",
  task: {
    en: "collatz: how often X[n] is halved (even) or becomes 3x + 1 (odd) until it is 1; at most 200 times",
    zh: "collatz：X[n] 经过多少步变为 1（偶数减半，奇数变为 3x + 1）；最多 200 步",
  },
  cases: [
    counted(
      [1, 2, 4, 8],
      { en: "powers of two", zh: "2 的幂" },
      {
        en: "fold(S.steps(), [x, 0], …, { when: ([x]) => x.gt(1) }) in cells counts the steps until x is 1",
        zh: "在 cells 中用 fold(S.steps(), [x, 0], …, { when: ([x]) => x.gt(1) }) 数到 x 为 1 为止的步数",
      },
    ),
    counted(
      [3, 5, 6, 7],
      { en: "odd numbers", zh: "奇数" },
      {
        en: "where(x.imod(2).eq(0), x.idiv(2), x.mul(3).add(1)): both sides are computed, one is taken",
        zh: "where(x.imod(2).eq(0), x.idiv(2), x.mul(3).add(1))：两边都会计算，取其中一个",
      },
    ),
    counted(
      [27, 1, 9, 97, 2, 871, 10],
      { en: "neighbours of very different lengths", zh: "相邻元素的步数相差很大" },
      {
        en: "the condition is of the element: use `when`, so that those that are done keep their count; S is the most steps that an element may take",
        zh: "条件属于单个元素：请用 `when`，已完成的元素才会保持计数；S 是一个元素最多可走的步数",
      },
    ),
  ],
};
