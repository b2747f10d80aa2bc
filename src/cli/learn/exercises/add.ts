// Lesson 1: elementwise code over one dim, and a scalar.
import type { Case, Exercise, Text } from "../exercise.js";
import { f32, wave } from "../exercise.js";

function axpy(n: number, a: number, name: Text, hint: Text): Case {
  const x = f32([n], wave);
  const y = f32([n], i => i);
  return {
    name,
    hint,
    tensors: { A: f32([], () => a), X: x, Y: y, Z: f32([n], () => 0) },
    output: "Z",
    want: Array.from({ length: n }, (_, i) => a * Number(x.data[i]) + i),
  };
}

export const add: Exercise = {
  slug: "01-add",
  title: { en: "Add two vectors", zh: "两个向量相加" },
  exports: "axpy",
  task: {
    en: "axpy: Z[n] = A · X[n] + Y[n], where A is a scalar",
    zh: "axpy：Z[n] = A · X[n] + Y[n]，其中 A 是标量",
  },
  cases: [
    axpy(
      4,
      2,
      { en: "4 elements, A = 2", zh: "4 个元素，A = 2" },
      {
        en: 'a scalar is a tensor without dims, f32(""), and is read without indices: A.at()',
        zh: '标量就是没有维度的张量 f32("")，读取时不带下标：A.at()',
      },
    ),
    axpy(
      1,
      -3,
      { en: "1 element, A = −3", zh: "1 个元素，A = −3" },
      { en: "A is a tensor: its value comes with the call", zh: "A 是张量，它的值随每次调用传入" },
    ),
    axpy(
      1003,
      0.5,
      { en: "1003 elements, no multiple of any vector", zh: "1003 个元素，不是任何向量宽度的倍数" },
      {
        en: "N.tile() walks the whole dim, the rest included; write nothing for it",
        zh: "N.tile() 会走完整个维度，包括尾部；不需要为尾部写任何代码",
      },
    ),
  ],
};
