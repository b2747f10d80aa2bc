// Kernels over the rows of a matrix: softmax, normalisations, losses.
import { kernel } from "../author/kernel.js";
import { dot, f32, grid, i32 } from "../tile/index.js";

/** Y [R, C] = exp(X − max) / Σ exp(X − max), row by row */
export const softmax = () =>
  kernel(
    { X: f32("R C"), Y: f32("R C") },
    ({ X, Y, R, C }) =>
      grid(R.tile(), r => {
        const c = C.all();
        const x = X.at(r, c);
        const e = x.sub(x.max(c)).exp();
        // one division a row, not one an element
        Y.at(r, c).set(e.mul(e.sum(c).reciprocal()));
      }),
    { name: "softmax" },
  );

/** Y [R, C] = (X − mean) / √(variance + epsilon) · g [C] + b [C], row by row */
export const layerNorm = ({ epsilon = 1e-5 } = {}) =>
  kernel(
    { X: f32("R C"), g: f32("C"), b: f32("C"), Y: f32("R C") },
    ({ X, g, b, Y, R, C }) =>
      grid(R.tile(), r => {
        const c = C.all();
        const x = X.at(r, c);
        const n = C.size.cast("f32");
        const d = x.sub(x.sum(c).div(n));
        const deviation = dot(d, d, c).div(n).add(epsilon).sqrt();
        Y.at(r, c).set(d.mul(deviation.reciprocal()).mul(g.at(c)).add(b.at(c)));
      }),
    { name: "layerNorm" },
  );

/** Sum [R, C] = X + Skip, and Y [R, C] = Sum / √(mean of its squares + epsilon) · g [C]: the residual road of a transformer in one kernel */
export const addRmsNorm = ({ epsilon = 1e-5 } = {}) =>
  kernel(
    { X: f32("R C"), Skip: f32("R C"), g: f32("C"), Sum: f32("R C"), Y: f32("R C") },
    ({ X, Skip, g, Sum, Y, R, C }) =>
      grid(R.tile(), r => {
        const c = C.all();
        const x = X.at(r, c).add(Skip.at(r, c));
        const scale = dot(x, x, c).div(C.size.cast("f32")).add(epsilon).sqrt().reciprocal();
        Sum.at(r, c).set(x);
        Y.at(r, c).set(x.mul(scale).mul(g.at(c)));
      }),
    { name: "addRmsNorm" },
  );

/** Loss [R] = log Σ exp(X [R, C]) − X[r, Label [R]] */
export const crossEntropy = () =>
  kernel(
    { X: f32("R C"), Label: i32("R"), Loss: f32("R") },
    ({ X, Label, Loss, R, C }) =>
      grid(R.tile(), r => {
        const c = C.all();
        const x = X.at(r, c);
        const most = x.max(c);
        Loss.at(r).set(
          x
            .sub(most)
            .exp()
            .sum(c)
            .log()
            .add(most)
            .sub(X.at(r, Label.at(r))),
        );
      }),
    { name: "crossEntropy" },
  );
