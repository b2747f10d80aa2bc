// Lesson 8: softmax(Q · Kᵀ) · V in one pass over the keys, with a mask.
import type { Case, Exercise, Text } from "../exercise.js";
import { f32, reader, sum, table, wave } from "../exercise.js";

interface Sizes {
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly scale?: number;
}

function attended({ heads, queries, keys, scale = 1 }: Sizes, name: Text, hint: Text): Case {
  const [D, E] = [4, 3];
  const Q = f32([heads, queries, D], i => scale * wave(i));
  const K = f32([heads, keys, D], i => scale * wave(i + 7));
  const V = f32([heads, keys, E], i => wave(5 * i));
  const [q, k, v] = [reader(Q), reader(K), reader(V)];
  const weights = (h: number, s: number): number[] => {
    const last = keys - queries + s;
    const scores = Array.from({ length: last + 1 }, (_, t) => sum(D, d => q(h, s, d) * k(h, t, d)) / Math.sqrt(D));
    const most = Math.max(...scores);
    const parts = scores.map(x => Math.exp(x - most));
    const all = sum(parts.length, t => parts[t]!);
    return parts.map(p => p / all);
  };
  return {
    name,
    hint,
    tensors: { Q, K, V, O: f32([heads, queries, E], () => 0) },
    output: "O",
    want: table([heads, queries, E], (h, s, e) => {
      const w = weights(h!, s!);
      return sum(w.length, t => w[t]! * v(h!, t, e!));
    }),
  };
}

export const attention: Exercise = {
  slug: "08-attention",
  title: { en: "Online softmax: FlashAttention", zh: "在线 softmax：FlashAttention" },
  exports: "causalAttention",
  task: {
    en: "causalAttention: the queries are the last S of T positions, and query s sees the keys t ≤ T − S + s",
    zh: "causalAttention：查询是 T 个位置中的最后 S 个，第 s 个查询只看得到满足 t ≤ T − S + s 的键",
  },
  cases: [
    attended(
      { heads: 1, queries: 1, keys: 3 },
      { en: "1 query, 3 keys", zh: "1 个查询，3 个键" },
      {
        en: "scores are divided by √D, and o by the sum l at the end",
        zh: "分数要除以 √D，最后 o 要除以和 l",
      },
    ),
    attended(
      { heads: 2, queries: 4, keys: 4 },
      { en: "4 queries, 4 keys", zh: "4 个查询，4 个键" },
      {
        en: 'x = where(seen, x, lowest("f32")), where seen compares t with s',
        zh: 'x = where(seen, x, lowest("f32"))，seen 由 t 与 s 比较得到',
      },
    ),
    attended(
      { heads: 1, queries: 3, keys: 8 },
      { en: "3 queries after 5 keys", zh: "5 个键之后的 3 个查询" },
      {
        en: "the position of query s is T.size.sub(S.size).add(s)",
        zh: "第 s 个查询的位置是 T.size.sub(S.size).add(s)",
      },
    ),
    attended(
      { heads: 1, queries: 40, keys: 40, scale: 12 },
      { en: "large scores, 40 keys", zh: "分数很大，40 个键" },
      {
        en: "exp is taken of x − m2, and o and l of before are scaled by exp(m − m2)",
        zh: "exp 的参数是 x − m2，之前的 o 和 l 要乘以 exp(m − m2)",
      },
    ),
  ],
};
