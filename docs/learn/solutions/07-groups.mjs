import { dot, f32, grid, i32, kernel } from "azulejo/tile";

export const experts = kernel(
  { X: f32("T K"), Rows: i32("M"), Gate: f32("M"), W: f32("G K N"), Offsets: i32("B"), Y: f32("M N") },
  ({ X, Rows, Gate, W, Offsets, Y, M, N, K }) =>
    grid(M.segments(Offsets), N.tile(), (m, n) => {
      const k = K.all();
      const product = dot(X.at(Rows.at(m), k), W.at(m.seg, k, n), k);
      Y.at(m, n).set(product.mul(Gate.at(m)));
    }),
);
