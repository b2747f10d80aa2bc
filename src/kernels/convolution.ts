// Convolutions of images with channels last. Taps outside of the image read 0; the caller hands in the output, or the sizes U and V of it.
import { kernel } from "../author/kernel.js";
import { dot, f32, grid } from "../tile/index.js";
import type { Pointwise } from "./pointwise.js";
import { same } from "./pointwise.js";

/** How windows move, and what is done to results. */
export interface ConvolutionOptions {
  readonly stride?: number;
  /** rows above and columns to the left of the image */
  readonly pad?: number;
  readonly epilogue?: Pointwise;
}

/** Y [B, U, V, K] = epilogue(X [B, H, W, C] * F [P, Q, C, K] + b [K]) */
export const conv2d = ({ stride = 1, pad = 0, epilogue = same }: ConvolutionOptions = {}) =>
  kernel(
    { X: f32("B H W C"), F: f32("P Q C K"), b: f32("K"), Y: f32("B U V K") },
    ({ X, F, b: bias, Y, B, U, V, P, Q, C, K }) =>
      grid(B.tile(), U.tile(), V.tile(), K.tile(), (b, u, v, k) => {
        const p = P.all();
        const q = Q.all();
        const c = C.all();
        const x = X.at(b, u.mul(stride).add(p).sub(pad), v.mul(stride).add(q).sub(pad), c);
        Y.at(b, u, v, k).set(epilogue(dot(x, F.at(p, q, c, k), p, q, c).add(bias.at(k))));
      }),
    { name: "conv2d" },
  );

/** Each channel by itself, `taps` × `taps`: Y [B, U, V, C] = epilogue(X [B, H, W, C] * F [taps, taps, C] + b [C]) */
export const depthwiseConv2d = ({
  taps = 3,
  stride = 1,
  pad = 0,
  epilogue = same,
}: ConvolutionOptions & { readonly taps?: number } = {}) =>
  kernel(
    { X: f32("B H W C"), F: f32("P Q C"), b: f32("C"), Y: f32("B U V C") },
    ({ X, F, b: bias, Y, B, U, V, C, P, Q }) =>
      grid(B.tile(), U.tile(), V.tile(), C.tile(), (b, u, v, c) => {
        const p = P.all();
        const q = Q.all();
        const x = X.at(b, u.mul(stride).add(p).sub(pad), v.mul(stride).add(q).sub(pad), c);
        Y.at(b, u, v, c).set(epilogue(dot(x, F.at(p, q, c), p, q).add(bias.at(c))));
      }),
    { name: "depthwiseConv2d", statics: { P: taps, Q: taps } },
  );
