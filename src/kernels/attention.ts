// Attention of queries to keys and values in one pass over the keys: dense, after a cache, in pages, over a latent cache; and rotary positions.
import { kernel } from "../author/kernel.js";
import type { AnyTile, DimValue, Environment, Tile, View } from "../tile/index.js";
import { dot, f32, fold, grid, i32, literal, where } from "../tile/index.js";
import { flashEnd, flashMerge, flashStart, flashStep } from "./flash.js";

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
 * may be of different lengths. A query that sees no key gets zeros. Values that a query does not see count 0 times, so they must be finite: NaN stays NaN.
 */
export const attention = (options: AttentionOptions = {}) =>
  kernel(signature, env => overKeys(env, options), { name: "attention" });

/**
 * attention() of queries that follow a cache: in row b of the batch they are the positions Past [B] to Past + S − 1 of the keys. With few queries
 * the keys are cut into parts that threads walk side by side.
 */
export const cachedAttention = (options: AttentionOptions = {}) =>
  kernel({ ...signature, Past: i32("B") }, env => overKeys(env, options, env.Past), { name: "cachedAttention" });

function overKeys(
  { Q, K, V, Length, O, B, H, S, T, D, E }: Environment<typeof signature>,
  options: AttentionOptions,
  past?: View<"i32", readonly ["B"]>,
): void {
  grid(B.tile(), H.tile(), S.tile(), (b, h, s) => {
    const g = h.idiv(options.group ?? 1);
    const [d, e] = [D.all(), E.all()];
    const q = scaled(Q.at(b, h, s, d), D);
    const position = past ? past.at(b).add(s.cast("i32")) : s.cast("i32");
    const state = fold(
      T.tile(),
      flashStart(e, b, h, s),
      (t, state) => {
        const { seen, score } = judge(options, t.lt(Length.at(b)), position.sub(t));
        return flashStep(state, t, seen, score(dot(q, K.at(b, g, t, d), d)), p => dot(p, V.at(b, g, t, e), t));
      },
      // keys behind the last query of a block are seen by none of them
      past ? { merge: flashMerge } : options.causal ? { until: s } : {},
    );
    O.at(b, h, s, e).set(flashEnd(state));
  });
}

/**
 * cachedAttention() over keys and values that lie in pages of any order: K [P, U, G, D] and V [P, U, G, E] hold P pages of U keys, and key t of row b of the
 * batch is key t mod U of page Table [B, N][b, t div U]. What the table says behind Length does not matter.
 */
export const pagedAttention = (options: AttentionOptions = {}) =>
  kernel(
    {
      Q: f32("B H S D"),
      K: f32("P U G D"),
      V: f32("P U G E"),
      Table: i32("B N"),
      Length: i32("B"),
      Past: i32("B"),
      O: f32("B H S E"),
    },
    ({ Q, K, V, Table, Length, Past, O, B, H, S, N, U, D, E }) =>
      grid(B.tile(), H.tile(), S.tile(), (b, h, s) => {
        const g = h.idiv(options.group ?? 1);
        const [u, d, e] = [U.all(), D.all(), E.all()];
        const q = scaled(Q.at(b, h, s, d), D);
        const position = Past.at(b).add(s);
        const state = fold(
          N.steps(),
          flashStart(e, b, h, s),
          (n, state) => {
            const first = n.mul(U.size);
            const page = where(first.lt(Length.at(b)), Table.at(b, n), 0);
            const t = first.add(u);
            const { seen, score } = judge(options, t.lt(Length.at(b)), position.sub(t));
            const scores = score(dot(q, K.at(page, u, g, d), d));
            return flashStep(state, u, seen, scores, p => dot(p, V.at(page, u, g, e), u));
          },
          { merge: flashMerge },
        );
        O.at(b, h, s, e).set(flashEnd(state));
      }),
    { name: "pagedAttention" },
  );

/**
 * Multi-head latent attention (DeepSeek-V2, 2024) at decoding, with projections absorbed: all heads share the keys Cache [B, T, R], which are the values
 * as well, and Turned [B, T, D] with rotary positions. O [B, H, S, R] = softmax((Q [B, H, S, R] · Cacheᵀ + P [B, H, S, D] · Turnedᵀ) · scale) · Cache, over the first Length [B]
 * keys, of which the S queries are the last: each sees those up to itself.
 */
export const latentAttention = ({ scale }: { readonly scale: number }) =>
  kernel(
    {
      Q: f32("B H S R"),
      P: f32("B H S D"),
      Cache: f32("B T R"),
      Turned: f32("B T D"),
      Length: i32("B"),
      O: f32("B H S R"),
    },
    ({ Q, P, Cache, Turned, Length, O, B, H, S, T, D, R }) =>
      grid(B.tile(), H.tile(), S.tile(), (b, h, s) => {
        const [r, d, e] = [R.all(), D.all(), R.all("e")];
        const position = Length.at(b).sub(S.size).add(s);
        const state = fold(
          T.tile(),
          flashStart(e, b, h, s),
          (t, state) => {
            const latent = dot(Q.at(b, h, s, r).mul(scale * Math.LOG2E), Cache.at(b, t, r), r);
            const turned = dot(P.at(b, h, s, d).mul(scale * Math.LOG2E), Turned.at(b, t, d), d);
            return flashStep(state, t, t.le(position), latent.add(turned), p => dot(p, Cache.at(b, t, e), t));
          },
          { merge: flashMerge },
        );
        O.at(b, h, s, e).set(flashEnd(state));
      }),
    { name: "latentAttention" },
  );

/** q / √D, for scores that are powers of two */
const scaled = (q: AnyTile, D: DimValue): AnyTile =>
  q.mul(literal("f32", Math.LOG2E).div(D.size.cast("f32").sqrt())).named("q");

/** Which keys are seen, and what a product becomes as a score. */
function judge({ causal = false, window, score }: AttentionOptions, inside: AnyTile, distance: AnyTile) {
  const behind: AnyTile = causal ? inside.and(distance.ge(0)) : inside;
  return {
    seen: window === undefined ? behind : (behind.and(distance.lt(window)) as AnyTile),
    score: (product: AnyTile): AnyTile =>
      score ? score(product.mul(1 / Math.LOG2E), distance.cast("f32")).mul(Math.LOG2E) : product,
  };
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
