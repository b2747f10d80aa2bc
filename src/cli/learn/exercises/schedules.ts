// Lesson 9: a mistake that no result shows, and a pinned schedule.
import type { TileKernel } from "../../../author/kernel.js";
import type { Case, Exercise, Text } from "../exercise.js";
import { f32, reader, sum, wave } from "../exercise.js";

function logSumOf(dims: readonly [number, number], name: Text, hint: Text): Case {
  const X = f32(dims, i => 5 * wave(i));
  const x = reader(X);
  return {
    name,
    hint,
    tensors: { X, Y: f32([dims[0]], () => 0) },
    output: "Y",
    want: Array.from({ length: dims[0] }, (_, r) => Math.log(sum(dims[1], c => Math.exp(x(r, c))))),
  };
}

const pinned: Text = {
  en: "export const tuned = logSumExp.with({ block: { r: 8 } })",
  zh: "export const tuned = logSumExp.with({ block: { r: 8 } })",
};

export const schedules: Exercise = {
  slug: "09-schedules",
  title: { en: "Schedules, explain and check", zh: "调度、explain 与 check" },
  exports: "logSumExp",
  task: {
    en: "logSumExp: results are right and yet it is wrong; find out with azulejo check, and export tuned with blocks of 8 rows",
    zh: "logSumExp：结果正确，写法却有错；用 azulejo check 找出来，并导出每块 8 行的 tuned",
  },
  cases: [
    logSumOf(
      [3, 5],
      { en: "3 × 5", zh: "3 × 5" },
      {
        en: "Y[r] = m + log(l): m the largest, l the sum of exp(x − m)",
        zh: "Y[r] = m + log(l)：m 是最大值，l 是 exp(x − m) 之和",
      },
    ),
    logSumOf(
      [20, 100],
      { en: "20 × 100", zh: "20 × 100" },
      {
        en: "what was summed before belongs to the old m: scale it by exp(m − m2)",
        zh: "之前的和是相对旧的 m 计算的：要乘以 exp(m − m2)",
      },
    ),
  ],
  demands: [
    {
      name: { en: "tuned walks blocks of 8 rows", zh: "tuned 以 8 行为一块" },
      hint: pinned,
      problem: async (_, { tuned }) => {
        const blockOf = async (): Promise<unknown> =>
          (await (tuned as TileKernel).explain({ dims: { R: 64, C: 512 } })).schedule?.block.r;
        if (tuned === undefined) return { en: "there is no export tuned", zh: "没有导出 tuned" };
        if (typeof Object(tuned).explain !== "function") return { en: "tuned is no kernel", zh: "tuned 不是核" };
        const size = await blockOf();
        return size === 8
          ? undefined
          : { en: `explain says blocks of ${size ?? "all"} rows`, zh: `explain 显示每块 ${size ?? "全部"} 行` };
      },
    },
  ],
};
