// Weighted neighbours of an origin along one dim: nearest, linear and cubic interpolation, the latter two with and without
// antialiasing.
import type { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { indexTile } from "./index-tiles.js";
import type { Attributes } from "./operator.js";
import type { Origin, ResizedDim } from "./resize-coordinates.js";
import { clampInto, floorOf, fractionAt, nearest } from "./resize-coordinates.js";

export interface Tap {
  readonly position: Poly;
  /** absent: 1 */
  readonly weight: AnyTile | undefined;
}

/** A symmetric weight function: `pieces[k]` holds at distances from k to k + 1; beyond the last piece it is 0. */
type Kernel = readonly ((distance: AnyTile) => AnyTile)[];

const triangle: Kernel = [d => d.neg().add(1)];

/** Keys' cubic convolution (R. Keys, 1981) with coefficient a */
const cubic = (a: number): Kernel => [
  d =>
    d
      .mul(a + 2)
      .sub(a + 3)
      .mul(d)
      .mul(d)
      .add(1),
  d => d.sub(5).mul(d).add(8).mul(d).sub(4).mul(a),
];

export function tapsOf(
  attributes: Attributes,
  dim: ResizedDim,
  origin: Origin,
  x: Poly,
  dtype: "f32" | "f64",
): readonly Tap[] {
  if (attributes.mode === "nearest") {
    const pick = nearest[attributes.nearest_mode as string]!;
    return [{ position: clampInto(dim, x, i => pick(origin, i)), weight: undefined }];
  }
  const kernel = attributes.mode === "cubic" ? cubic(attributes.cubic_coeff_a) : triangle;
  const fraction = fractionAt(origin, x, dtype);
  // a smaller output widens the kernel, so that every input element counts
  const shrink = attributes.antialias === 1 ? shrinkOf(dim) : 1;
  const weights = shrink === 1 ? weightsAt(kernel, fraction) : widened(kernel, fraction, shrink);
  const first = 1 - weights.length / 2;
  const excluding = attributes.exclude_outside === 1;
  const taps = weights.map((weight, k) => {
    const offset = first + k;
    return {
      position: clampInto(dim, x, i => floorOf(origin, i).add(offset)),
      weight: excluding ? weight.mul(insideAt(floorOf(origin, x).add(offset), dim.input, dtype)) : weight,
    };
  });
  return excluding || shrink !== 1 ? normalised(taps) : taps;
}

/** Neighbours lie at whole numbers from the origin's floor, so each has one piece of the kernel. */
function weightsAt(kernel: Kernel, fraction: AnyTile): readonly AnyTile[] {
  const after = (k: number): AnyTile => (k === 0 ? fraction : fraction.add(k));
  const before = fraction.neg().add(1);
  const left = kernel.map((piece, k) => piece(after(k))).reverse();
  // the triangle's right weight is the fraction itself, without two roundings
  if (kernel === triangle) return [...left, fraction];
  return [...left, ...kernel.map((piece, k) => piece(k === 0 ? before : before.add(k)))];
}

/** The kernel stretched by 1 ÷ shrink: any piece may hold at a neighbour. */
function widened(kernel: Kernel, fraction: AnyTile, shrink: number): readonly AnyTile[] {
  const radius = Math.ceil(kernel.length / shrink);
  return Array.from({ length: 2 * radius }, (_, k) => {
    const distance = fraction
      .neg()
      .add(k + 1 - radius)
      .mul(shrink)
      .abs();
    const beyond: AnyTile = literal(fraction.dtype, 0);
    return kernel.reduceRight((rest, piece, end) => where(distance.lt(end + 1), piece(distance), rest), beyond);
  });
}

const insideAt = (position: Poly, size: Poly, dtype: "f32" | "f64"): AnyTile =>
  where(
    indexTile(position)
      .ge(0)
      .and(indexTile(position.sub(size)).lt(0)),
    literal(dtype, 1),
    literal(dtype, 0),
  );

function normalised(taps: readonly { readonly position: Poly; readonly weight: AnyTile }[]): readonly Tap[] {
  const total = taps.map(t => t.weight).reduce((a, b) => a.add(b));
  return taps.map(t => ({ position: t.position, weight: t.weight.div(total) }));
}

/** The scale where it is below 1, else 1; the operator has made sure that it is a number. */
const shrinkOf = ({ scale: { numerator, denominator } }: ResizedDim): number =>
  // an output without elements needs no taps
  numerator.isZero ? 1 : Math.min(numerator.constant / denominator.constant, 1);
