// Y[m] = Gate[m] · (X[Rows[m]] · W[g]): rows Offsets[g] to Offsets[g + 1] belong to group g.
// Y[m] = Gate[m] · (X[Rows[m]] · W[g])：第 Offsets[g] 到 Offsets[g + 1] 行属于第 g 组。
import { dot, f32, grid, i32, kernel } from "azulejo/tile";

export const experts = kernel(
  { X: f32("T K"), Rows: i32("M"), Gate: f32("M"), W: f32("G K N"), Offsets: i32("B"), Y: f32("M N") },
  ({ X, Rows, Gate, W, Offsets, Y, M, N, K }) =>
    grid(M.segments(Offsets), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(X.at(Rows.at(m), k), W.at(0, k, n), k));
    }),
);
