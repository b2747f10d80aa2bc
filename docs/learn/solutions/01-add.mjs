import { f32, grid, kernel } from "azulejo/tile";

export const axpy = kernel({ A: f32(""), X: f32("N"), Y: f32("N"), Z: f32("N") }, ({ A, X, Y, Z, N }) =>
  grid(N.tile(), n => {
    Z.at(n).set(A.at().mul(X.at(n)).add(Y.at(n)));
  }),
);
