// Y = silu(X · W) · (X · V), element by element, in one kernel; silu(x) = x · sigmoid(x).
// Y = silu(X · W) · (X · V)，逐元素相乘，写在一个核里；silu(x) = x · sigmoid(x)。
import { dot, f32, grid, kernel } from "azulejo/tile";

export const swiglu = kernel(
  { X: f32("M K"), W: f32("K N"), V: f32("K N"), Y: f32("M N") },
  ({ X, W, V, Y, M, N, K }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(X.at(m, k), W.at(k, n).mul(V.at(k, n)), k));
    }),
);
