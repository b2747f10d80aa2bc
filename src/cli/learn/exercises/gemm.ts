// Lesson 4: a contraction, both of whose operands are the same tensor.
import type { Case, Exercise, Text } from "../exercise.js";
import { f32, reader, sum, table, wave } from "../exercise.js";

function gramOf(k: number, m: number, name: Text, hint: Text): Case {
  const X = f32([k, m], wave);
  const x = reader(X);
  return {
    name,
    hint,
    tensors: { X, G: f32([m, m], () => 0) },
    output: "G",
    want: table([m, m], (i, j) => sum(k, t => x(t, i!) * x(t, j!))),
  };
}

const [K, M] = [256, 64];

export const gemm: Exercise = {
  slug: "04-gemm",
  title: { en: "Rows and tiles: the matrix product", zh: "行与瓦片：矩阵乘法" },
  exports: "gram",
  task: {
    en: "gram: G = Xᵀ · X, that is G[i, j] = Σₖ X[k, i] · X[k, j]",
    zh: "gram：G = Xᵀ · X，即 G[i, j] = Σₖ X[k, i] · X[k, j]",
  },
  cases: [
    gramOf(
      3,
      2,
      { en: "K = 3, M = 2", zh: "K = 3，M = 2" },
      {
        en: "dot(X.at(k, i), X.at(k, j), k) with two axes i and j over M",
        zh: "dot(X.at(k, i), X.at(k, j), k)，其中 i 和 j 是 M 上的两根轴",
      },
    ),
    gramOf(
      1,
      5,
      { en: "K = 1", zh: "K = 1" },
      {
        en: "the sum goes over K alone",
        zh: "只对 K 求和",
      },
    ),
    gramOf(
      70,
      33,
      { en: "K = 70, M = 33", zh: "K = 70，M = 33" },
      {
        en: "k is K.all(): a tile of K alone would leave out the rest, unless a fold walks them all",
        zh: "k 用 K.all()：只取 K 的一块会漏掉其余部分，除非用 fold 走完全部",
      },
    ),
  ],
  demands: [
    {
      name: { en: `no more than 2 · K · M · M operations`, zh: `运算次数不超过 2 · K · M · M` },
      hint: {
        en: "print await gram.explain({ dims: { K: 256, M: 64 } }): something is computed that the product does not need",
        zh: "打印 await gram.explain({ dims: { K: 256, M: 64 } }) 看看：有乘积并不需要的计算",
      },
      problem: async kernel => {
        const { flops } = await kernel.explain({ dims: { K, M } });
        if (Number(flops) <= 2 * K * M * M) return undefined;
        return {
          en: `explain counts ${flops} operations with K = ${K} and M = ${M}, and ${2 * K * M * M} are enough`,
          zh: `K = ${K}、M = ${M} 时 explain 数出 ${flops} 次运算，而 ${2 * K * M * M} 次就够了`,
        };
      },
    },
  ],
};
