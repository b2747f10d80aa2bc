// Reductions: several axes, batches, extremes with their place, axes that the operand lacks.
import type { AnyTile, Dtype } from "../../src/tile/index.js";
import { dot, f32, grid, i32, tensor, where } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

export const batchedMatmul = () =>
  kernel(
    { A: f32("B M K"), W: f32("B K N"), Y: f32("B M N") },
    ({ A, W, Y, B, M, N, K }) =>
      grid(B.tile(), M.tile(), N.tile(), (b, m, n) => {
        const k = K.all();
        Y.at(b, m, n).set(dot(A.at(b, m, k), W.at(b, k, n), k));
      }),
    { name: "batchedMatmul" },
  );
/** matrix × vector where the weights' rows are contiguous along the reduced axis */
export const matvec = () =>
  kernel(
    { W: f32("N K"), X: f32("K"), Y: f32("N") },
    ({ W, X, Y, N, K }) =>
      grid(N.tile(), n => {
        const k = K.all();
        Y.at(n).set(dot(W.at(n, k), X.at(k), k));
      }),
    { name: "matvec" },
  );

export type Reduction = "sum" | "max" | "min" | "prod";
/** over the first and last of three axes */
export const reduceOuter = (op: Reduction, dtype: Dtype = "f32", out: Dtype = dtype) =>
  kernel(
    { X: tensor(dtype, "A B C"), Y: tensor(out, "B") },
    ({ X, Y, A, B, C }) =>
      grid(B.tile(), b => {
        const a = A.all();
        const c = C.all();
        const x: AnyTile = X.at(a, b, c);
        Y.at(b).set(x[op](a, c).cast(out));
      }),
    { name: `${op}_${dtype}` },
  );
/** everything into one number */
export const total = () =>
  kernel(
    { X: f32("M N"), Y: f32("") },
    ({ X, Y, M, N }) => {
      const m = M.all();
      const n = N.all();
      Y.at().set(X.at(m, n).sum(m, n));
    },
    { name: "total" },
  );
/** index of the first largest value of a row */
export const argmax = () =>
  kernel(
    { X: f32("R C"), Y: i32("R") },
    ({ X, Y, R, C }) =>
      grid(R.tile(), r => {
        const c = C.all();
        const x = X.at(r, c);
        Y.at(r).set(where(x.eq(x.max(c)), c, C.size).min(c));
      }),
    { name: "argmax" },
  );
/** Σₖ x: K times x, though no operand has the axis k */
export const absentAxis = () =>
  kernel(
    { X: f32("M"), W: f32("K"), Y: f32("M") },
    ({ X, W, Y, M, K }) =>
      grid(M.tile(), m => {
        const k = K.all();
        const x = X.at(m).add(W.at(0));
        // the type of x has no axis k: only what inlines producers meets this
        Y.at(m).set(x.sum(k as never).add(x.max(k as never)));
      }),
    { name: "absentAxis" },
  );
