// Lesson 5: two contractions and the elementwise code between them in one kernel.
import type { Case, Exercise, Text } from "../exercise.js";
import { f32, reader, sum, table, wave } from "../exercise.js";

function gated(m: number, k: number, n: number, scale: number, name: Text, hint: Text): Case {
  const X = f32([m, k], i => scale * wave(i));
  const W = f32([k, n], i => wave(i + 11));
  const V = f32([k, n], i => wave(3 * i + 5));
  const [x, w, v] = [reader(X), reader(W), reader(V)];
  const silu = (a: number): number => a / (1 + Math.exp(-a));
  return {
    name,
    hint,
    tensors: { X, W, V, Y: f32([m, n], () => 0) },
    output: "Y",
    want: table([m, n], (i, j) => silu(sum(k, t => x(i!, t) * w(t, j!))) * sum(k, t => x(i!, t) * v(t, j!))),
  };
}

export const fusion: Exercise = {
  slug: "05-fusion",
  title: { en: "Epilogues and fusion", zh: "尾处理与融合" },
  exports: "swiglu",
  task: {
    en: "swiglu: Y = silu(X · W) · (X · V) element by element, in one kernel; silu(x) = x · sigmoid(x)",
    zh: "swiglu：Y = silu(X · W) · (X · V)，逐元素相乘，写在一个核里；silu(x) = x · sigmoid(x)",
  },
  cases: [
    gated(
      2,
      3,
      2,
      1,
      { en: "2 × 3 × 2", zh: "2 × 3 × 2" },
      {
        en: "two dot(…) over the same k give tiles over m and n; one is the gate of the other",
        zh: "对同一个 k 的两个 dot(…) 得到 m、n 上的两块瓦片；一块是另一块的门控",
      },
    ),
    gated(
      1,
      1,
      1,
      -4,
      { en: "a negative gate", zh: "负的门控值" },
      {
        en: "silu(x) is x · sigmoid(x), and only the product with W goes through it",
        zh: "silu(x) 是 x · sigmoid(x)，只有与 W 的乘积经过它",
      },
    ),
    gated(
      9,
      40,
      21,
      1,
      { en: "9 × 40 × 21", zh: "9 × 40 × 21" },
      {
        en: "nothing but the sizes changed: look for a size that is written as a number",
        zh: "只有尺寸变了：看看是否把某个尺寸写成了数字",
      },
    ),
  ],
  demands: [
    {
      name: { en: "nothing is stored on the way", zh: "中间结果不写入内存" },
      hint: {
        en: "say what Y[m, n] is in one expression; materialize is for tiles that are read again under other indices",
        zh: "用一个表达式说明 Y[m, n]；materialize 只用于要以其他下标再次读取的瓦片",
      },
      problem: async kernel => {
        const { scratchBytes, sharedBytes } = await kernel.explain({ dims: { M: 64, K: 64, N: 64 } });
        if (scratchBytes === 0 && sharedBytes === 0) return undefined;
        return {
          en: `explain counts ${sharedBytes} bytes a call and ${scratchBytes} a thread beside the tensors`,
          zh: `explain 显示除张量外每次调用还用 ${sharedBytes} 字节、每个线程 ${scratchBytes} 字节`,
        };
      },
    },
  ],
};
