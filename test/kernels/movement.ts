// Kernels that only move data: index arithmetic, gathers, fills.
import type { AnyTile, Dtype } from "../../src/tile/index.js";
import { f32, grid, i32, i64, materialize, tensor, where } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

/** Y[i] = X[N − 1 − i] */
export const reverse = (dtype: Dtype = "f32") =>
  kernel(
    { X: tensor(dtype, "N"), Y: tensor(dtype, "N") },
    ({ X, Y, N }) =>
      grid(N.tile(), i => {
        Y.at(i).set(X.at(N.size.sub(1).sub(i)));
      }),
    { name: "reverse" },
  );

/** every second column from the third on, rows outside of X filled with 7 */
export const stridedSlice = (dtype: Dtype = "f32") =>
  kernel(
    { X: tensor(dtype, "R C"), Y: tensor(dtype, "P Q") },
    ({ X, Y, P, Q }) =>
      grid(P.tile(), Q.tile(), (p, q) => {
        Y.at(p, q).set(X.fill(7).at(p.sub(1), q.mul(2).add(2)));
      }),
    { name: "stridedSlice" },
  );

/** the same elements in the same order under other dims: [A, B] read as [P, Q] */
export const reshape = (dtype: Dtype = "f32") =>
  kernel(
    { X: tensor(dtype, "A B"), Y: tensor(dtype, "P Q") },
    ({ X, Y, B, P, Q }) =>
      grid(P.tile(), Q.tile(), (p, q) => {
        const flat = p.mul(Q.size).add(q);
        Y.at(p, q).set(X.at(flat.idiv(B.size), flat.imod(B.size)));
      }),
    { name: "reshape" },
  );

/** rows of a table by numbers that a tensor holds */
export const gatherRows = (index: "i32" | "i64" = "i64", dtype: Dtype = "f32") =>
  kernel(
    { X: tensor(dtype, "V D"), I: index === "i64" ? i64("N") : i32("N"), Y: tensor(dtype, "N D") },
    ({ X, I, Y, V, N, D }) =>
      grid(N.tile(), D.tile(), (n, d) => {
        const row = I.at(n) as AnyTile;
        // negative numbers count from the end
        Y.at(n, d).set(X.at(where(row.lt(0), row.add(V.size.cast(index)), row), d));
      }),
    { name: "gatherRows" },
  );

export const transpose = (dtype: Dtype = "f32") =>
  kernel(
    { X: tensor(dtype, "A B C"), Y: tensor(dtype, "C A B") },
    ({ X, Y, A, B, C }) =>
      grid(C.tile(), A.tile(), B.tile(), (c, a, b) => {
        Y.at(c, a, b).set(X.at(a, b, c));
      }),
    { name: "transpose" },
  );

/** two tensors one after the other: piecewise */
export const concat = () =>
  kernel(
    { X: f32("A C"), Z: f32("B C"), Y: f32("N C") },
    ({ X, Z, Y, A, N, C }) =>
      grid(N.tile(), C.tile(), (n, c) => {
        Y.at(n, c).set(where(n.lt(A.size), X.at(n, c), Z.at(n.sub(A.size), c)));
      }),
    { name: "concat" },
  );

/** pad(exp(X)) with 0.5: the fill is the reader's, so exp does not touch it */
export const padOfExp = () =>
  kernel(
    { X: f32("N"), Y: f32("M") },
    ({ X, Y, N, M }) =>
      grid(M.tile(), m => {
        const n = N.all();
        Y.at(m).set(materialize(X.at(n).exp(), n).fill(0.5).at(m.sub(2)));
      }),
    { name: "padOfExp" },
  );
