// G = Xᵀ · X: each element is the product of two columns of X.
// G = Xᵀ · X：每个元素是 X 的两列的内积。
import { dot, f32, grid, kernel } from "azulejo/tile";

export const gram = kernel({ X: f32("K M"), G: f32("M M") }, ({ X, G, K, M }) =>
  grid(M.tile("i"), M.tile("j"), (i, j) => {
    const k = K.all();
    G.at(i, j).set(dot(X.at(k, i), X.at(k, i), k));
  }),
);
