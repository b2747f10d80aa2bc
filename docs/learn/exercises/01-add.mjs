// Z[n] = A · X[n] + Y[n], where A is a scalar: a tensor without dims.
// Z[n] = A · X[n] + Y[n]，其中 A 是标量，即没有维度的张量。
import { f32, grid, kernel } from "azulejo/tile";

export const axpy = kernel({ A: f32(""), X: f32("N"), Y: f32("N"), Z: f32("N") }, ({ A, X, Y, Z, N }) =>
  grid(N.tile(), n => {
    Z.at(n).set(X.at(n).add(Y.at(n)));
  }),
);
