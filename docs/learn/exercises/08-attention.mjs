// Attention in which the queries are the last S of T positions, and see no key behind their own.
// 查询是 T 个位置中的最后 S 个，看不到自己之后的键。
import { dot, f32, fold, full, grid, kernel, literal, lowest, zeros } from "azulejo/tile";

export const causalAttention = kernel(
  { Q: f32("H S D"), K: f32("H T D"), V: f32("H T E"), O: f32("H S E") },
  ({ Q, K, V, O, H, S, T, D, E }) =>
    grid(H.tile(), S.tile(), (h, s) => {
      const d = D.all();
      const e = E.all();
      const q = Q.at(h, s, d).mul(literal("f32", 1).div(D.size.cast("f32").sqrt()));
      const start = [zeros("f32", h, s, e), full("f32", lowest("f32"), h, s), zeros("f32", h, s)];
      const [o, , l] = fold(T.tile(), start, (t, [o, m, l]) => {
        const x = dot(q, K.at(h, t, d), d);
        const m2 = m.maximum(x.max(t));
        const c = m.sub(m2).exp();
        const p = x.sub(m2).exp();
        return [dot(p, V.at(h, t, e), t).add(o.mul(c)), m2, p.sum(t).add(l.mul(c))];
      });
      O.at(h, s, e).set(o.div(l));
    }),
);
