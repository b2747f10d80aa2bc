import { f32, fold, full, grid, kernel, lowest, zeros } from "azulejo/tile";

export const logSumExp = kernel({ X: f32("R C"), Y: f32("R") }, ({ X, Y, R, C }) =>
  grid(R.tile(), r => {
    const start = [full("f32", lowest("f32"), r), zeros("f32", r)];
    const [m, l] = fold(C.tile(), start, (c, [m, l]) => {
      const x = X.at(r, c);
      const m2 = m.maximum(x.max(c));
      return [m2, l.mul(m.sub(m2).exp()).add(x.sub(m2).exp().sum(c))];
    });
    Y.at(r).set(m.add(l.log()));
  }),
);

export const tuned = logSumExp.with({ block: { r: 8 } });
