// Functions that lose their digits near a point when they are written down naively: eˣ − 1 and log(1 + x).
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";

/** eˣ − 1: below 0.35 seven terms of its series (the eighth is under 2⁻²⁵ of the sum), above the difference loses 2 bits at most. */
export function expm1(x: AnyTile): AnyTile {
  let sum: AnyTile = literal(x.dtype, 1);
  for (let term = 7; term > 1; term--)
    sum = sum
      .mul(x)
      .mul(1 / term)
      .add(1);
  return where(x.abs().lt(0.35), sum.mul(x), x.exp().sub(1));
}

/** log(1 + x) for x ≥ 0: what rounding took from x in 1 + x is put back as a factor (Kahan). */
export function log1p(x: AnyTile): AnyTile {
  const rounded = x.add(1);
  const kept = rounded.sub(1);
  return where(kept.eq(0), x, rounded.log().mul(x.div(kept)));
}
