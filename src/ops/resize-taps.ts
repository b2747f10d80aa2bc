// Weighted neighbours of an origin: linear and cubic interpolation, with and without antialiasing, along one dim.
import type { Poly } from "../ir/poly.js";
import { AzulejoError } from "../support/errors.js";
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { indexTile } from "./index-tiles.js";
import type { Attributes } from "./operator.js";
import type { Origin, ResizedDim } from "./resize-coordinates.js";
import { clampInto, floorOf, fractionAt } from "./resize-coordinates.js";

export interface Tap {
  readonly position: Poly;
  /** absent: 1 */
  readonly weight: AnyTile | undefined;
}

/** weight of a neighbour at a signed distance, before normalisation */
type Kernel = (distance: AnyTile) => AnyTile;

const triangle: Kernel = d => d.abs().neg().add(1).maximum(0);

/** Keys' cubic convolution (R. Keys, 1981) with coefficient a */
const cubic =
  (a: number): Kernel =>
  d => {
    const x = d.abs();
    const near = x
      .mul(a + 2)
      .sub(a + 3)
      .mul(x)
      .mul(x)
      .add(1);
    const far = x
      .mul(a)
      .sub(5 * a)
      .mul(x)
      .add(8 * a)
      .mul(x)
      .sub(4 * a);
    return where(x.le(1), near, where(x.lt(2), far, literal(x.dtype, 0)));
  };

export function tapsOf(
  attributes: Attributes,
  dim: ResizedDim,
  origin: Origin,
  x: Poly,
  dtype: "f32" | "f64",
): readonly Tap[] {
  const isCubic = attributes.mode === "cubic";
  const kernel = isCubic ? cubic(attributes.cubic_coeff_a) : triangle;
  // a smaller output widens the kernel, so that every input element counts
  const stretch = attributes.antialias === 1 ? shrinkOf(dim) : 1;
  const radius = Math.ceil((isCubic ? 2 : 1) / stretch);
  const fraction = fractionAt(origin, x, dtype);
  const excluding = attributes.exclude_outside === 1;
  const taps = Array.from({ length: 2 * radius }, (_, k) => {
    const offset = k + 1 - radius;
    const distance = fraction.neg().add(offset).mul(stretch);
    const free = floorOf(origin, x).add(offset);
    const weight = kernel(distance);
    return {
      position: clampInto(dim, x, i => floorOf(origin, i).add(offset)),
      weight: excluding ? where(isInside(free, dim.input), weight, literal(dtype, 0)) : weight,
    };
  });
  if (!excluding && stretch === 1) return taps;
  const total = taps.map(t => t.weight).reduce((a, b) => a.add(b));
  return taps.map(t => ({ position: t.position, weight: t.weight.div(total) }));
}

const isInside = (position: Poly, size: Poly): AnyTile =>
  indexTile(position)
    .ge(0)
    .and(indexTile(position.sub(size)).lt(0));

/** The scale where it is below 1, else 1. */
function shrinkOf({ scale, input, output }: ResizedDim): number {
  if (scale.numerator.isConst && scale.denominator.isConst)
    return Math.min(scale.numerator.constant / scale.denominator.constant, 1);
  throw new AzulejoError(
    "operator-unsupported",
    `Resize with antialias needs a scale in numbers, but it is ${output.print()} ÷ ${input.print()}; fix the dims with the option dims`,
  );
}
