import { dot, f32, grid, kernel } from "azulejo/tile";

export const gram = kernel({ X: f32("K M"), G: f32("M M") }, ({ X, G, K, M }) =>
  grid(M.tile("i"), M.tile("j"), (i, j) => {
    const k = K.all();
    G.at(i, j).set(dot(X.at(k, i), X.at(k, j), k));
  }),
);
