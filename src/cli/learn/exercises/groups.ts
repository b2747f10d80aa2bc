// Lesson 7: rows by number, matrices by group.
import type { Case, Exercise, Tensors, Text } from "../exercise.js";
import { f32, i32, reader, sum, table, wave } from "../exercise.js";

const [TOKENS, K, N] = [7, 5, 6];

function tensorsOf(rows: readonly number[], offsets: readonly number[]): Tensors {
  return {
    X: f32([TOKENS, K], wave),
    Rows: i32(...rows),
    Gate: f32([rows.length], i => 0.25 + (i % 3)),
    W: f32([offsets.length - 1, K, N], i => wave(2 * i + 1)),
    Offsets: i32(...offsets),
    Y: f32([rows.length, N], () => 0),
  };
}
function routed(rows: readonly number[], offsets: readonly number[], name: Text, hint: Text): Case {
  const tensors = tensorsOf(rows, offsets);
  const [x, w, gate] = [reader(tensors.X!), reader(tensors.W!), reader(tensors.Gate!)];
  const groupOf = (m: number): number => offsets.findLastIndex(start => start <= m);
  return {
    name,
    hint,
    tensors,
    output: "Y",
    want: table([rows.length, N], (m, n) => gate(m!) * sum(K, k => x(rows[m!]!, k) * w(groupOf(m!), k, n!))),
  };
}

export const groups: Exercise = {
  slug: "07-groups",
  title: { en: "Gathers and segments: grouped GEMM", zh: "收集与分段：分组矩阵乘法" },
  exports: "experts",
  task: {
    en: "experts: Y[m] = Gate[m] · (X[Rows[m]] · W[g]), where rows Offsets[g] to Offsets[g + 1] belong to group g",
    zh: "experts：Y[m] = Gate[m] · (X[Rows[m]] · W[g])，其中第 Offsets[g] 到 Offsets[g + 1] 行属于第 g 组",
  },
  cases: [
    routed(
      [0, 1, 2],
      [0, 3],
      { en: "one group, rows in order", zh: "一个组，行按顺序" },
      {
        en: "M.segments(Offsets) in grid, and m.seg as the index of W",
        zh: "在 grid 中用 M.segments(Offsets)，以 m.seg 作为 W 的下标",
      },
    ),
    routed(
      [6, 0, 3, 3, 1],
      [0, 2, 5],
      { en: "two groups, rows by number", zh: "两个组，按编号取行" },
      {
        en: "row m is X.at(Rows.at(m), k): an integer tile as an index is a gather",
        zh: "第 m 行是 X.at(Rows.at(m), k)：用整数瓦片作下标就是收集（gather）",
      },
    ),
    routed(
      [4, 2, 2, 5, 0, 6, 1, 3, 3],
      [0, 0, 8, 8, 9],
      { en: "empty groups", zh: "有空组" },
      {
        en: "the number of the group comes from m.seg alone; none of it may be counted by hand",
        zh: "组号只由 m.seg 给出，不要自己去数",
      },
    ),
  ],
  check: { tensors: tensorsOf([4, 2, 2, 5, 0, 6, 1, 3, 3], [0, 0, 8, 8, 9]) },
};
