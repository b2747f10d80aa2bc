// D[i, j] = |X[i] − X[j]| · W[j], for all pairs. Two axes go over the same dim N.
// D[i, j] = |X[i] − X[j]| · W[j]，对所有元素对。两根轴都取自同一个维度 N。
import { f32, grid, kernel } from "azulejo/tile";

export const distances = kernel({ X: f32("N"), W: f32("N"), D: f32("N N") }, ({ X, W, D, N }) =>
  grid(N.tile("i"), N.tile("j"), (i, j) => {
    D.at(i, j).set(X.at(i).mul(W.at(i)));
  }),
);
