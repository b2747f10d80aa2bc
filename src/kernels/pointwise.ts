// What is done to each element on its way in or out of another kernel.
import type { Tile } from "../tile/index.js";

/** A function of each element, for prologues and epilogues. */
export type Pointwise = <A extends string>(x: Tile<A, "f32">) => Tile<A, "f32">;

export const same: Pointwise = x => x;
/** the larger of x and 0 */
export const relu: Pointwise = x => x.relu();
/** 1 / (1 + e to the power of −x) */
export const sigmoid: Pointwise = x => x.sigmoid();
/** x · sigmoid(x) */
export const silu: Pointwise = x => x.mul(x.sigmoid());
/** x · Φ(x), with the error function */
export const gelu: Pointwise = x => x.mul(0.5).mul(x.mul(Math.SQRT1_2).erf().add(1));
