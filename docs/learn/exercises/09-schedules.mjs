// Y[r] = log Σ exp(X[r, c]), in one pass over the row. Its results are right, and it is wrong: azulejo check says where.
// Y[r] = log Σ exp(X[r, c])，一次走完一行。结果是对的，写法却有错：azulejo check 会指出位置。
import { f32, fold, full, grid, kernel, lowest, zeros } from "azulejo/tile";

export const logSumExp = kernel({ X: f32("R C"), Y: f32("R") }, ({ X, Y, R, C }) =>
  grid(R.tile(), r => {
    const start = [full("f32", lowest("f32"), r), zeros("f32", r)];
    const [m, l] = fold(C.tile(), start, (c, [m, l]) => {
      const x = X.at(r, c);
      const m2 = m.maximum(x.max(c));
      return [m2, l.add(x.sub(m2).exp().sum(c))];
    });
    Y.at(r).set(m.add(l.log()));
  }),
);
