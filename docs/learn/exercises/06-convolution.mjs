// The largest of 3 × 3 windows that move by 2, with one row and column of border that never wins.
// 取 3 × 3 窗口中的最大值，步长 2；四周各一行一列边界，边界绝不会是最大值。
import { f32, grid, kernel } from "azulejo/tile";

export const maxPool = kernel(
  { X: f32("H W C"), Y: f32("U V C") },
  ({ X, Y, U, V, C, P, Q }) =>
    grid(U.tile(), V.tile(), C.tile(), (u, v, c) => {
      const p = P.all();
      const q = Q.all();
      const x = X.at(u.mul(2).add(p), v.mul(2).add(q), c);
      Y.at(u, v, c).set(x.max(p, q));
    }),
  { statics: { P: 3, Q: 3 } },
);
