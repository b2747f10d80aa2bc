import { f32, grid, kernel } from "azulejo/tile";

export const layerNorm = kernel({ X: f32("R C"), Y: f32("R C") }, ({ X, Y, R, C }) =>
  grid(R.tile(), r => {
    const c = C.all();
    const count = C.size.cast("f32");
    const x = X.at(r, c);
    const centred = x.sub(x.sum(c).div(count));
    const variance = centred.mul(centred).sum(c).div(count);
    Y.at(r, c).set(centred.div(variance.add(1e-5).sqrt()));
  }),
);
