// Products of integers of 8 and 4 bits, two products an instruction: halves of 32-bit words hold two neighbours along K.
import { kernel } from "../author/kernel.js";
import type { AnyTile } from "../tile/index.js";
import { constant, dotPairs, f32, fold, grid, i8, i32, u32, where, zeros } from "../tile/index.js";
import type { ProductOptions } from "./products.js";
import { same } from "./pointwise.js";

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
/** columns of a block of integerLinear4(): weights are read once, so rows of them should be long (natively, 4096 × 4096: 0.94 ms; 1024 columns 0.99, 96 columns 1.4) */
const STREAM = 2048;
/** eight numbers a word of weights */
const EIGHT = 8;

/**
 * Activations for integerLinear4(): X [M, G, 32] in groups along K, as integers of 8 bits with the scale Scale [M] of their row, in words of two halves: P [M, G, 4, 4] holds
 * numbers j and j + 4 of each eight, Sum [M, G] the sum of each group.
 */
export const quantizeRows = () =>
  kernel(
    { X: f32(`M G ${GROUP}`), P: i32("M G 4 4"), Sum: i32("M G"), Scale: f32("M") },
    ({ X, P, Sum, Scale, M, G, I, C, J }) =>
      grid(M.tile(), m => {
        const [g, i, c, j] = [G.all(), I.all(), C.all(), J.all()];
        const scale = X.at(m, g, i).abs().max(g, i).div(127);
        const factor = where(scale.gt(0), scale.reciprocal(), 0);
        const number = (at: AnyTile): AnyTile => X.at(m, g, at).mul(factor).round().cast("i32");
        Scale.at(m).set(scale);
        Sum.at(m, g).set(number(i).sum(i));
        P.at(m, g, c, j).set(pair(number(c.mul(EIGHT).add(j)), number(c.mul(EIGHT).add(j).add(4))));
      }),
    { name: "quantizeRows", statics: { I: GROUP, C: GROUP / EIGHT, J: 4 } },
  );

/**
 * Weights for integerLinear4(): W [G, 32, N] of 0 to 15 (8 is zero) in groups along K as words of eight, so that lanes are columns: V [G, 4, N], number j of each eight
 * in bits 4 j and number j + 4 in bits 16 + 4 j.
 */
export const packNibbles = () =>
  kernel(
    { W: i8(`G ${GROUP} N`), V: u32("G 4 N") },
    ({ W, V, G, N, C, J }) =>
      grid(G.tile(), N.tile(), (g, n) => {
        const [c, j] = [C.all(), J.all()];
        const number = (at: AnyTile): AnyTile => W.at(g, at, n).cast("u32").and(15);
        const low = number(c.mul(EIGHT).add(j)).shl(j.mul(4).cast("u32"));
        const high = number(c.mul(EIGHT).add(j).add(4)).shl(j.mul(4).add(16).cast("u32"));
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
      P: i32("M G 4 4"),
      Sum: i32("M G"),
      XScale: f32("M"),
      V: constant(u32("G 4 N")),
      Scale: constant(f32("G N")),
      Y: f32("M N"),
    },
    ({ P, Sum, XScale, V, Scale, Y, M, N, G, C }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const [y] = fold(G.steps(), [zeros("f32", m, n)] as const, (g, [y]) => {
          const c = C.all();
          const products = [0, 1, 2, 3].map(j => {
            const pairs = V.at(g, c, n)
              .shr(4 * j)
              .and(0x000f000f)
              .bitcast("i32");
            return dotPairs(P.at(m, g, c, j), pairs, c);
          });
          const sum = products.reduce((a, b) => a.add(b)).sub(Sum.at(m, g).mul(8));
          return [y.add(sum.cast("f32").mul(Scale.at(g, n)))] as const;
        });
        Y.at(m, n).set(epilogue(y.mul(XScale.at(m))));
      }),
    { name: "integerLinear4", statics: { C: GROUP / EIGHT } },
  ).with({ block: { n: STREAM } });
