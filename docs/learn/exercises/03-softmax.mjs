// Y[r, c] = (X[r, c] − mean) / √(variance + 1e-5), row by row.
// Y[r, c] = (X[r, c] − 均值) / √(方差 + 1e-5)，逐行计算。
import { f32, grid, kernel } from "azulejo/tile";

export const layerNorm = kernel({ X: f32("R C"), Y: f32("R C") }, ({ X, Y, R, C }) =>
  grid(R.tile(), r => {
    const c = C.all();
    const x = X.at(r, c);
    const mean = x.sum(c).div(C.size.cast("f32"));
    Y.at(r, c).set(x.sub(mean));
  }),
);
