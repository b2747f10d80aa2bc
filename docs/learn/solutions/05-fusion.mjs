import { dot, f32, grid, kernel } from "azulejo/tile";
import { silu } from "azulejo/kernels";

export const swiglu = kernel(
  { X: f32("M K"), W: f32("K N"), V: f32("K N"), Y: f32("M N") },
  ({ X, W, V, Y, M, N, K }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      const gate = silu(dot(X.at(m, k), W.at(k, n), k));
      Y.at(m, n).set(gate.mul(dot(X.at(m, k), V.at(k, n), k)));
    }),
);
