// Attention of queries to keys and values in one pass over the keys (flash attention: Dao et al. 2022), and rotary positions.
import { kernel } from "../author/kernel.js";
import type { Environment, Tile, View } from "../tile/index.js";
import { dot, f32, fold, full, grid, i32, literal, lowest, maximum, where, zeros } from "../tile/index.js";

/** What each query sees, which heads share keys, and what is done to scores. */
export interface AttentionOptions {
  /** queries see no keys behind them */
  readonly causal?: boolean;
  /** of a causal attention: each query sees this many keys, itself the last */
  readonly window?: number;
  /** heads of Q that share one of K and V */
  readonly group?: number;
  /** changes a score before the mask: soft caps, biases that hang on the distance */
  readonly score?: Score;
}
/** `distance` is the query's position less the key's */
export type Score = <A extends string, B extends A>(score: Tile<A, "f32">, distance: Tile<B, "f32">) => Tile<A, "f32">;

const signature = {
  Q: f32("B H S D"),
  K: f32("B G T D"),
  V: f32("B G T E"),
  Length: i32("B"),
  O: f32("B H S E"),
} as const;

/**
 * O [B, H, S, E] = softmax(Q [B, H, S, D] · K [B, G, T, D]ᵀ / √D) · V [B, G, T, E], H = G · group, over the first Length [B] of the T keys: rows of a batch
 * may be of different lengths. A query that sees no key gets zeros.
 */
export const attention = (options: AttentionOptions = {}) =>
  kernel(signature, env => flash(env, options), { name: "attention" });

/** attention() of queries that follow a cache: in row b of the batch they are the positions Past [B] to Past + S − 1 of the keys. */
export const cachedAttention = (options: AttentionOptions = {}) =>
  kernel({ ...signature, Past: i32("B") }, env => flash(env, options, env.Past), { name: "cachedAttention" });

function flash(
  { Q, K, V, Length, O, B, H, S, T, D, E }: Environment<typeof signature>,
  { causal = false, window, group = 1, score }: AttentionOptions,
  past?: View<"i32", readonly ["B"]>,
): void {
  grid(B.tile(), H.tile(), S.tile(), (b, h, s) => {
    const g = h.idiv(group);
    const d = D.all();
    const e = E.all();
    const scale = literal("f32", Math.LOG2E).div(D.size.cast("f32").sqrt());
    const q = Q.at(b, h, s, d).mul(scale).named("q");
    // a finite start keeps rows that see no key finite; their sum is 0
    const start = [zeros("f32", b, h, s, e), full("f32", lowest("f32"), b, h, s), zeros("f32", b, h, s)] as const;
    const position = past ? past.at(b).add(s.cast("i32")) : s.cast("i32");
    const [o, , l] = fold(
      T.tile(),
      start,
      (t, [o, m, l]) => {
        const inside = t.cast("i32").lt(Length.at(b));
        const distance = position.sub(t.cast("i32"));
        const behind = causal ? inside.and(distance.ge(0)) : inside;
        const seen = window === undefined ? behind : behind.and(distance.lt(window));
        const product = dot(q, K.at(b, g, t, d), d);
        const scored = score ? score(product.mul(1 / Math.LOG2E), distance.cast("f32")).mul(Math.LOG2E) : product;
        const x = where(seen, scored, lowest("f32")).named("x");
        const m2 = maximum(m, x.max(t)).named("m2");
        const c = m.sub(m2).exp2().named("c");
        const p = where(seen, x.sub(m2).exp2(), 0).named("p");
        return [
          dot(p, V.at(b, g, t, e), t)
            .add(o.mul(c))
            .named("o2"),
          m2,
          p.sum(t).add(l.mul(c)),
        ] as const;
      },
      // keys behind the last query of a block are seen by none of them
      causal && !past ? { until: s } : {},
    );
    O.at(b, h, s, e).set(where(l.gt(0), o.div(l), 0));
  });
}

/**
 * Rotary positions, halves apart: Y [B, H, S, 2 · D] turns the pair (x[d], x[d + D]) by the angle of Position [B, S] and d, whose cosines and
 * sines Cos and Sin [P, D] hold.
 */
export const rotary = () =>
  kernel(
    { X: f32("B H S 2 D"), Position: i32("B S"), Cos: f32("P D"), Sin: f32("P D"), Y: f32("B H S 2 D") },
    ({ X, Position, Cos, Sin, Y, B, H, S, D }) =>
      grid(B.tile(), H.tile(), S.tile(), D.tile(), (b, h, s, d) => {
        const [cos, sin] = [Cos.at(Position.at(b, s), d), Sin.at(Position.at(b, s), d)];
        const [x, y] = [X.at(b, h, s, 0, d), X.at(b, h, s, 1, d)];
        Y.at(b, h, s, 0, d).set(x.mul(cos).sub(y.mul(sin)));
        Y.at(b, h, s, 1, d).set(y.mul(cos).add(x.mul(sin)));
      }),
    { name: "rotary" },
  );
