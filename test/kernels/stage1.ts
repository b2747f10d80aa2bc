// The kernels of the first stage in tile source: what lowering, the interpreter and the benchmarks are tested with.
import type { Pointwise } from "../../src/kernels/index.js";
import * as library from "../../src/kernels/index.js";
import { relu } from "../../src/kernels/index.js";
import { dot, f32, fold, full, grid, literal, materialize, maximum, where, zeros } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

export const linear = (epilogue: Pointwise = relu) => library.linear({ epilogue });

/** channels last; u·stride + p − pad may lie outside: such reads are 0 */
export const conv = (stride = 1, pad = 1) =>
  kernel(
    { X: f32("B H W C"), F: f32("P Q C K"), b: f32("K"), Y: f32("B U V K") },
    ({ X, F, b: bias, Y, B, U, V, P, Q, C, K }) =>
      grid(B.tile(), U.tile(), V.tile(), K.tile(), (b, u, v, k) => {
        const p = P.all();
        const q = Q.all();
        const c = C.all();
        const x = X.at(b, u.mul(stride).add(p).sub(pad), v.mul(stride).add(q).sub(pad), c);
        Y.at(b, u, v, k).set(
          dot(x, F.at(p, q, c, k), p, q, c)
            .add(bias.at(k))
            .relu(),
        );
      }),
    { name: "conv" },
  );

/** 3 × 3 over an image of C channels, added to it: one load of the image may leave it, the other may not */
export const residualConv = () =>
  kernel(
    { X: f32("B H W C"), F: f32("P Q C C"), b: f32("C"), Y: f32("B H W C") },
    ({ X, F, b: bias, Y, B, H, W, P, Q, C }) =>
      grid(B.tile(), H.tile(), W.tile(), C.tile("k"), (b, u, v, k) => {
        const p = P.all();
        const q = Q.all();
        const c = C.all("c");
        const x = X.at(b, u.add(p).sub(1), v.add(q).sub(1), c);
        Y.at(b, u, v, k).set(
          dot(x, F.at(p, q, c, k), p, q, c)
            .add(bias.at(k))
            .relu()
            .add(X.at(b, u, v, k)),
        );
      }),
    { name: "residualConv" },
  );

export const depthwise = (stride = 1, pad = 1, taps = 3, statics: { readonly C?: number } = {}) =>
  kernel(
    { X: f32("B H W C"), F: f32("P Q C"), b: f32("C"), Y: f32("B U V C") },
    ({ X, F, b: bias, Y, B, U, V, C, P, Q }) =>
      grid(B.tile(), U.tile(), V.tile(), C.tile(), (b, u, v, c) => {
        const p = P.all();
        const q = Q.all();
        const x = X.at(b, u.mul(stride).add(p).sub(pad), v.mul(stride).add(q).sub(pad), c);
        Y.at(b, u, v, c).set(
          dot(x, F.at(p, q, c), p, q)
            .add(bias.at(c))
            .maximum(0)
            .minimum(6),
        );
      }),
    { name: "depthwise", statics: { P: taps, Q: taps, ...statics } },
  );

/** windows of P × Q; borders are −∞ */
export const maxPool = (stride = 2, pad = 1) =>
  kernel(
    { X: f32("B H W C"), Y: f32("B U V C") },
    ({ X, Y, B, U, V, C, P, Q }) =>
      grid(B.tile(), U.tile(), V.tile(), C.tile(), (b, u, v, c) => {
        const p = P.all();
        const q = Q.all();
        const y = u.mul(stride).add(p).sub(pad);
        const x = v.mul(stride).add(q).sub(pad);
        Y.at(b, u, v, c).set(X.fill(-Infinity).at(b, y, x, c).max(p, q));
      }),
    { name: "maxPool", statics: { P: 3, Q: 3 } },
  );

export const softmax = (statics: { readonly C?: number } = {}) =>
  kernel(
    { X: f32("R C"), Y: f32("R C") },
    ({ X, Y, R, C }) =>
      grid(R.tile(), r => {
        const c = C.all();
        const x = X.at(r, c);
        const e = x.sub(x.max(c)).exp();
        // one division a row, not one an element
        Y.at(r, c).set(e.mul(e.sum(c).reciprocal()));
      }),
    { name: "softmax", statics },
  );

export const layerNorm = () => library.layerNorm();

/** Flash attention: `group` heads of Q share one of K and V; the finite start of the maximum keeps fully masked rows finite. */
export const attention = ({ causal = false, group = 1 } = {}) =>
  kernel(
    { Q: f32("B H S D"), K: f32("B G T D"), V: f32("B G T E"), O: f32("B H S E") },
    ({ Q, K, V, O, B, H, S, T, D, E }) =>
      grid(B.tile(), H.tile(), S.tile(), (b, h, s) => {
        const g = h.idiv(group);
        const d = D.all();
        const e = E.all();
        const scale = literal("f32", Math.LOG2E).div(D.size.cast("f32").sqrt());
        const q = Q.at(b, h, s, d).mul(scale).named("q");
        const start = [zeros("f32", b, h, s, e), full("f32", LOWEST, b, h, s), zeros("f32", b, h, s)] as const;
        const [o, , l] = fold(
          T.tile(),
          start,
          (t, [o, m, l]) => {
            const scores = dot(q, K.at(b, g, t, d), d);
            const x = (causal ? where(s.ge(t), scores, LOWEST) : scores).named("x");
            const m2 = maximum(m, x.max(t)).named("m2");
            const c = m.sub(m2).exp2().named("c");
            const p = x.sub(m2).exp2().named("p");
            return [
              dot(p, V.at(b, g, t, e), t)
                .add(o.mul(c))
                .named("o2"),
              m2,
              p.sum(t).add(l.mul(c)),
            ] as const;
          },
          causal ? { until: s } : {},
        );
        O.at(b, h, s, e).set(o.div(l));
      }),
    { name: "attention" },
  );
const LOWEST = -1e30;

export const lstm = () =>
  kernel(
    { X: f32("T B I"), W: f32("4 I N"), R: f32("4 N N"), b: f32("4 N"), Y: f32("T B N") },
    ({ X, W, R, b: bias, Y, B, T, N, I }) =>
      grid(B.tile(), b => {
        const n = N.all();
        const k = N.all("k");
        const i = I.all();
        fold(T.steps(), [zeros("f32", b, n), zeros("f32", b, n)] as const, (t, [h, c]) => {
          const hk = materialize(h, b, n).at(b, k);
          const gate = (j: number) =>
            dot(X.at(t, b, i), W.at(j, i, n), i)
              .add(dot(hk, R.at(j, k, n), k))
              .add(bias.at(j, n));
          const c2 = gate(1)
            .sigmoid()
            .mul(c)
            .add(gate(0).sigmoid().mul(gate(2).tanh()));
          const h2 = gate(3).sigmoid().mul(c2.tanh()).named("h2");
          Y.at(t, b, n).set(h2);
          return [h2, c2] as const;
        });
      }),
    { name: "lstm" },
  );

export const transposingChain = () =>
  kernel(
    { X: f32("I J"), a: f32("I"), b: f32("J"), Y: f32("J I") },
    ({ X, a, b, Y, I, J }) =>
      grid(I.tile(), J.tile(), (i, j) => {
        Y.at(j, i).set(X.at(i, j).mul(a.at(i)).add(b.at(j)).relu().mul(0.5).sub(a.at(i)));
      }),
    { name: "transposingChain" },
  );
