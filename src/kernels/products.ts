// Matrix products: plain, batched, by groups of rows, and with weights of few bits.
import { kernel } from "../author/kernel.js";
import { constant, dot, f32, fold, grid, i32, tensor, zeros } from "../tile/index.js";
import type { Pointwise } from "./pointwise.js";
import { same } from "./pointwise.js";

/** What is done to elements on their way in and out. */
export interface ProductOptions {
  /** of the left operand, as it is read */
  readonly prologue?: Pointwise;
  /** of the result, before it is written */
  readonly epilogue?: Pointwise;
}

/** Y [M, N] = epilogue(prologue(X [M, K]) · W [K, N] + b [N]) */
export const linear = ({ prologue = same, epilogue = same }: ProductOptions = {}) =>
  kernel(
    { X: f32("M K"), W: f32("K N"), b: f32("N"), Y: f32("M N") },
    ({ X, W, b, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(epilogue(dot(prologue(X.at(m, k)), W.at(k, n), k).add(b.at(n))));
      }),
    { name: "linear" },
  );

/** linear() whose contraction is cut into parts where rows and columns are few: then threads share it */
export const splitLinear = ({ prologue = same, epilogue = same }: ProductOptions = {}) =>
  kernel(
    { X: f32("M K"), W: f32("K N"), b: f32("N"), Y: f32("M N") },
    ({ X, W, b, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const [sum] = fold(
          K.tile(),
          [zeros("f32", m, n)] as const,
          (k, [sum]) => [sum.add(dot(prologue(X.at(m, k)), W.at(k, n), k))] as const,
          { merge: ([left], [right]) => [left.add(right)] as const },
        );
        Y.at(m, n).set(epilogue(sum.add(b.at(n))));
      }),
    { name: "splitLinear" },
  );

/** Y [B, M, N] = epilogue(prologue(X [B, M, K]) · W [B, K, N]) */
export const batchedProduct = ({ prologue = same, epilogue = same }: ProductOptions = {}) =>
  kernel(
    { X: f32("B M K"), W: f32("B K N"), Y: f32("B M N") },
    ({ X, W, Y, B, M, N, K }) =>
      grid(B.tile(), M.tile(), N.tile(), (b, m, n) => {
        const k = K.all();
        Y.at(b, m, n).set(epilogue(dot(prologue(X.at(b, m, k)), W.at(b, k, n), k)));
      }),
    { name: "batchedProduct" },
  );

/**
 * Rows that are sorted by group, each group with weights of its own, as experts have them: rows Offsets[g] to Offsets[g + 1] of Y [M, N] are
 * epilogue(prologue(X [M, K]) · W [G, K, N]) of group g. Row m of X is Rows[m] of what is handed in, so that tokens need not be moved first.
 */
export const groupedLinear = ({ prologue = same, epilogue = same }: ProductOptions = {}) =>
  kernel(
    { X: f32("T K"), Rows: i32("M"), W: f32("G K N"), Offsets: i32("B"), Y: f32("M N") },
    ({ X, Rows, W, Offsets, Y, M, N, K }) =>
      grid(M.segments(Offsets), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(epilogue(dot(prologue(X.at(Rows.at(m), k)), W.at(m.seg, k, n), k)));
      }),
    { name: "groupedLinear" },
  );

/** Weights of 8 or 4 bits, a scale for `group` of them along K: Y [M, N] = epilogue(X [M, K] · (W [K, N] · Scale [K / group, N])) */
export const quantizedLinear = ({
  bits,
  group,
  epilogue = same,
}: {
  readonly bits: 8 | 4;
  readonly group: number;
  readonly epilogue?: Pointwise;
}) =>
  kernel(
    {
      X: f32("M K"),
      W: constant(tensor(bits === 8 ? ("i8" as const) : ("i4" as const), "K N")),
      Scale: constant(f32("G N")),
      Y: f32("M N"),
    },
    ({ X, W, Scale, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(
          epilogue(
            dot(
              X.at(m, k),
              W.at(k, n)
                .cast("f32")
                .mul(Scale.at(k.idiv(group), n)),
              k,
            ),
          ),
        );
      }),
    { name: `linear${bits}` },
  );
