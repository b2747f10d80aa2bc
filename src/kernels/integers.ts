// Products of integers of 8 and 4 bits, several an instruction: words of 32 bits hold two neighbours along K as halves, or four as bytes.
import { kernel } from "../author/kernel.js";
import type { AnyTile } from "../tile/index.js";
import { constant, dotPairs, dotQuads, f32, fold, grid, i8, i32, u32, where, zeros } from "../tile/index.js";
import { same } from "./pointwise.js";
import type { ProductOptions } from "./products.js";

/** two integers of 16 bits as one of 32 */
const pair = (low: AnyTile, high: AnyTile): AnyTile => low.and(0xffff).or(high.shl(16));

/**
 * Y [M, N] = epilogue((X [M, K] − XZero [M]) · (W [K, N] − WZero [N]) · XScale [M] · WScale [N] + b [N]): rows of activations and columns of weights of 8 bits, each with
 * a scale and a zero point. K comes in pairs, as X [M, P, 2] and W [P, 2, N]; where it is odd, fill up with a zero point. Sums are exact up to K = 32768.
 */
export const integerLinear = ({ epilogue = same }: Pick<ProductOptions, "epilogue"> = {}) =>
  kernel(
    {
      X: i8("M P 2"),
      XScale: f32("M"),
      XZero: i32("M"),
      W: constant(i8("P 2 N")),
      WScale: constant(f32("N")),
      WZero: constant(i32("N")),
      b: f32("N"),
      Y: f32("M N"),
    },
    ({ X, XScale, XZero, W, WScale, WZero, b, Y, M, N, P }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const p = P.all();
        const x = (half: number): AnyTile => X.at(m, p, half).cast("i32").sub(XZero.at(m));
        const w = (half: number): AnyTile => W.at(p, half, n).cast("i32").sub(WZero.at(n));
        const sum = dotPairs(pair(x(0), x(1)), pair(w(0), w(1)), p);
        Y.at(m, n).set(epilogue(sum.cast("f32").mul(XScale.at(m)).mul(WScale.at(n)).add(b.at(n))));
      }),
    { name: "integerLinear" },
  );

const GROUP = 32;
/** eight numbers a word of weights */
const EIGHT = 8;

/**
 * Activations for integerLinear4(): X [M, G, 32] in groups along K, as integers of 8 bits with the scale Scale [M] of their row, in words of four bytes: P [M, G, 4, 2] holds
 * the first and the second four of each eight, Sum [M, G] the sum of each group.
 */
export const quantizeRows = () =>
  kernel(
    { X: f32(`M G ${GROUP}`), P: i32("M G 4 2"), Sum: i32("M G"), Scale: f32("M") },
    ({ X, P, Sum, Scale, M, G, I, C, H, J }) =>
      grid(M.tile(), m => {
        const [g, i, c, h, j] = [G.all(), I.all(), C.all(), H.all(), J.all()];
        const scale = X.at(m, g, i).abs().max(g, i).div(127);
        // below 2⁻¹²⁶ the reciprocal may be infinite: such rows count as zeros
        const factor = where(scale.ge(2 ** -126), scale.reciprocal(), 0);
        const number = (at: AnyTile): AnyTile => X.at(m, g, at).mul(factor).round().cast("i32");
        Scale.at(m).set(scale);
        Sum.at(m, g).set(number(i).sum(i));
        const byte = number(c.mul(EIGHT).add(h.mul(4)).add(j)).and(0xff);
        P.at(m, g, c, h).set(byte.shl(j.mul(8)).sum(j));
      }),
    { name: "quantizeRows", statics: { I: GROUP, C: GROUP / EIGHT, H: 2, J: 4 } },
  );

/**
 * Weights for integerLinear4(): W [G, 32, N] of 0 to 15 (8 is zero) in groups along K as words of eight, so that lanes are columns: V [G, 4, N], number j of each eight
 * in bits 8 j and number j + 4 in bits 8 j + 4, so that four are bytes at once.
 */
export const packNibbles = () =>
  kernel(
    { W: i8(`G ${GROUP} N`), V: u32("G 4 N") },
    ({ W, V, G, N, C, J }) =>
      grid(G.tile(), N.tile(), (g, n) => {
        const [c, j] = [C.all(), J.all()];
        const number = (at: AnyTile): AnyTile => W.at(g, at, n).cast("u32").and(15);
        const low = number(c.mul(EIGHT).add(j)).shl(j.mul(8).cast("u32"));
        const high = number(c.mul(EIGHT).add(j).add(4)).shl(j.mul(8).add(4).cast("u32"));
        V.at(g, c, n).set(low.add(high).sum(j));
      }),
    { name: "packNibbles", statics: { C: GROUP / EIGHT, J: 4 } },
  );

/**
 * Weights of 4 bits times activations of 8: Y [M, N] = epilogue(XScale [M] · Σ over g of Scale [G, N] · (numbers of X) · (numbers of W − 8)), with words of quantizeRows()
 * and packNibbles(): a row of four bits a weight is read, and no float is made of one.
 */
export const integerLinear4 = ({ epilogue = same }: Pick<ProductOptions, "epilogue"> = {}) =>
  kernel(
    {
      P: i32("M G 4 2"),
      Sum: i32("M G"),
      XScale: f32("M"),
      V: constant(u32("G 4 N")),
      Scale: constant(f32("G N")),
      Y: f32("M N"),
    },
    ({ P, Sum, XScale, V, Scale, Y, M, N, G, C, H }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const [y] = fold(G.steps(), [zeros("f32", m, n)] as const, (g, [y]) => {
          const [c, h] = [C.all(), H.all()];
          const bytes = V.at(g, c, n).shr(h.mul(4).cast("u32")).and(0x0f0f0f0f).bitcast("i32");
          // 8 · 2 · 15 · 128 < 2¹⁵: the sums of a group fit 16 bits
          const sum = dotQuads(P.at(m, g, c, h), bytes, c, h).sub(Sum.at(m, g).mul(8));
          return [y.add(sum.cast("f32").mul(Scale.at(g, n)))] as const;
        });
        Y.at(m, n).set(epilogue(y.mul(XScale.at(m))));
      }),
    { name: "integerLinear4", statics: { C: GROUP / EIGHT, H: 2 } },
  );
