import { f32, grid, kernel, lowest } from "azulejo/tile";

export const maxPool = kernel(
  { X: f32("H W C"), Y: f32("U V C") },
  ({ X, Y, U, V, C, P, Q }) =>
    grid(U.tile(), V.tile(), C.tile(), (u, v, c) => {
      const p = P.all();
      const q = Q.all();
      const x = X.fill(lowest("f32")).at(u.mul(2).add(p).sub(1), v.mul(2).add(q).sub(1), c);
      Y.at(u, v, c).set(x.max(p, q));
    }),
  { statics: { P: 3, Q: 3 } },
);
