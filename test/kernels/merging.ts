// Folds with a merge: every kind of state and body that may be cut into parts.
import type { Kernel } from "../../src/ir/tile.js";
import {
  dot,
  f16,
  f32,
  fold,
  full,
  grid,
  i32,
  i64,
  literal,
  lowest,
  materialize,
  where,
  zeros,
} from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

/** a product whose contraction is cut */
export const splitProduct = () =>
  kernel(
    { X: f32("M K"), W: f32("K N"), Y: f32("M N") },
    ({ X, W, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const [sum] = fold(
          K.tile(),
          [zeros("f32", m, n)] as const,
          (k, [s]) => [s.add(dot(X.at(m, k), W.at(k, n), k))] as const,
          { merge: ([a], [b]) => [a.add(b)] as const },
        );
        Y.at(m, n).set(sum.maximum(-3));
      }),
    { name: "splitProduct" },
  );

/** attention whose keys are cut; causal, so that parts may lie behind where it ends */
export const splitAttention = () =>
  kernel(
    { Q: f32("H S D"), K: f32("H T D"), V: f32("H T E"), O: f32("H S E") },
    ({ Q, K, V, O, H, S, T, D, E }) =>
      grid(H.tile(), S.tile(), (h, s) => {
        const [d, e] = [D.all(), E.all()];
        const q = Q.at(h, s, d).mul(literal("f32", 1).div(D.size.cast("f32").sqrt()));
        const start = [zeros("f32", h, s, e), full("f32", lowest("f32"), h, s), zeros("f32", h, s)] as const;
        const [o, , l] = fold(
          T.tile(),
          start,
          (t, [o, m, l]) => {
            const x = where(t.le(s), dot(q, K.at(h, t, d), d), lowest("f32"));
            const most = m.maximum(x.max(t));
            const p = where(t.le(s), x.sub(most).exp(), 0);
            const c = m.sub(most).exp();
            return [dot(p, V.at(h, t, e), t).add(o.mul(c)), most, l.mul(c).add(p.sum(t))] as const;
          },
          {
            until: s,
            merge: ([o, m, l], [p, n, k]) => {
              const most = m.maximum(n);
              const [a, b] = [m.sub(most).exp(), n.sub(most).exp()];
              return [o.mul(a).add(p.mul(b)), most, l.mul(a).add(k.mul(b))] as const;
            },
          },
        );
        O.at(h, s, e).set(o.div(l));
      }),
    { name: "splitAttention" },
  );

/** y = a·y + b step by step: the steps of a part are one map of that kind */
export const splitRecurrence = () =>
  kernel(
    { A: f32("T N"), B: f32("T N"), Y: f32("N") },
    ({ A, B, Y, T, N }) =>
      grid(N.tile(), n => {
        const [, y] = fold(
          T.steps(),
          [full("f32", 1, n), zeros("f32", n)] as const,
          (t, [a, b]) => [a.mul(A.at(t, n)), b.mul(A.at(t, n)).add(B.at(t, n))] as const,
          { merge: ([a, b], [c, d]) => [a.mul(c), b.mul(c).add(d)] as const },
        );
        Y.at(n).set(y);
      }),
    { name: "splitRecurrence" },
  );

/** products of matrices: the merge contracts, reads its states under other indices, and does not commute */
export const splitMatrices = () =>
  kernel(
    { A: f32("T 3 3"), Y: f32("3 3") },
    ({ A, Y, T, P }) =>
      grid(() => {
        const [i, j, k] = [P.all("i"), P.all("j"), P.all("k")];
        const identity = where(i.eq(j), literal("f32", 1), literal("f32", 0));
        const [product] = fold(
          T.steps(),
          [identity] as const,
          (t, [s]) => [dot(materialize(s, i, j).at(i, k), A.at(t, k, j), k)] as const,
          {
            merge: ([a], [b]) => [dot(materialize(a, i, j).at(i, k), materialize(b, i, j).at(k, j), k)] as const,
          },
        );
        Y.at(i, j).set(product);
      }),
    { name: "splitMatrices", statics: { P: 3 } },
  );

/** the first place of the largest element, with states of several dtypes, a gather after it, and another fold that needs its result */
export const splitPlaces = () =>
  kernel(
    { X: f32("R C"), Half: f16("R C"), Place: i32("R"), Count: i64("R"), Sum: f16("R") },
    ({ X, Half, Place, Count, Sum, R, C }) =>
      grid(R.tile(), r => {
        const start = [full("f32", -Infinity, r), full("i32", -1, r), full("bool", false, r)] as const;
        const [most, place] = fold(
          C.steps(),
          start,
          (c, [most, place, any]) => {
            const x = X.at(r, c);
            const better = x.gt(most);
            return [where(better, x, most), where(better, c, place), any.or(better)] as const;
          },
          {
            merge: ([a, at, any], [b, bt, more]) => {
              const better = b.gt(a);
              return [where(better, b, a), where(better, bt, at), any.or(more)] as const;
            },
          },
        );
        const [count, sum] = fold(
          C.tile(),
          [zeros("i64", r), zeros("f16", r)] as const,
          (c, [count, sum]) => {
            const near = X.at(r, c).ge(most.sub(1));
            const halves = where(near, Half.at(r, c), 0).sum(c).cast("f16");
            return [count.add(near.cast("i64").sum(c)), sum.add(halves)] as const;
          },
          { merge: ([a, s], [b, t]) => [a.add(b), s.add(t)] as const },
        );
        Place.at(r).set(place);
        Count.at(r).set(count);
        Sum.at(r).set(sum);
      }),
    { name: "splitPlaces" },
  );

/** two folds that are cut apart, over rows in segments */
export const splitSegments = () =>
  kernel(
    { X: f32("M K"), Z: f32("M J"), S: f32("G"), Off: i32("B"), Y: f32("M") },
    ({ X, Z, S, Off, Y, M, K, J }) =>
      grid(M.segments(Off), m => {
        const [a] = fold(K.tile(), [zeros("f32", m)] as const, (k, [a]) => [a.add(X.at(m, k).sum(k))] as const, {
          merge: ([a], [b]) => [a.add(b)] as const,
        });
        const [z] = fold(J.tile(), [zeros("f32", m)] as const, (j, [z]) => [z.maximum(Z.at(m, j).max(j))] as const, {
          merge: ([a], [b]) => [a.maximum(b)] as const,
        });
        Y.at(m).set(a.mul(S.at(m.seg)).add(z));
      }),
    { name: "splitSegments" },
  );

export const splitKernels: readonly Kernel[] = [
  splitProduct(),
  splitAttention(),
  splitRecurrence(),
  splitMatrices(),
  splitPlaces(),
  splitSegments(),
].map(k => k.ir);
