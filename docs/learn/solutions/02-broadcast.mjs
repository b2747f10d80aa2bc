import { f32, grid, kernel } from "azulejo/tile";

export const distances = kernel({ X: f32("N"), W: f32("N"), D: f32("N N") }, ({ X, W, D, N }) =>
  grid(N.tile("i"), N.tile("j"), (i, j) => {
    D.at(i, j).set(X.at(i).sub(X.at(j)).abs().mul(W.at(j)));
  }),
);
