// Where an element of a resized dim comes from: origin(x) = (a·x + b) / c with integer polynomials a, b, c. Integers, because
// a floor of a float quotient picks the wrong neighbour when the quotient is a whole number but for its rounding error.
import { opaque, Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { boundsOf, larger, smaller } from "./bounds.js";
import { indexTile } from "./index-tiles.js";

/** Output size ÷ input size, as a fraction. */
export interface Scale {
  readonly numerator: Poly;
  readonly denominator: Poly;
}

/** A dim that is resized. */
export interface ResizedDim {
  readonly axis: number;
  readonly input: Poly;
  readonly output: Poly;
  readonly scale: Scale;
  /** start and end of the crop (tf_crop_and_resize), in units of the input's size */
  readonly crop?: readonly [start: number, end: number];
}

export interface Origin {
  readonly a: Poly;
  readonly b: Poly;
  readonly c: Poly;
}

/** Denominators of scales up to this are safe where only a run tells sizes: a·x + b stays within 31 bits for pictures. */
const usualDenominator = 4096;

/** A scale of a dim as a fraction, as close as 31 bits for a·x + b allow; `corners`: a is a multiple of the dim as well. */
export function scaleOf(x: number, input: Poly, corners: boolean): Scale {
  if (!input.isConst) return fractionOf(x, corners ? usualDenominator : 8 * usualDenominator);
  const size = Math.max(input.constant, 1);
  // floorOf doubles a, which half pixels have doubled
  const most = 2 ** 29 / (size * Math.max(x, 1) * (corners ? size : 1));
  return fractionOf(x, Math.max(Math.min(Math.floor(most), 2 ** 24), usualDenominator));
}

/** The simplest fraction that is x to f32 precision (continued fraction), or the closest with a denominator up to `largest`. */
function fractionOf(x: number, largest = usualDenominator): Scale {
  let [p0, q0, p1, q1] = [0, 1, 1, 0];
  const distance = (p: number, q: number): number => Math.abs(p / q - x);
  for (let rest = x; ; ) {
    const whole = Math.floor(rest);
    const steps = Math.min(whole, q1 === 0 ? whole : Math.floor((largest - q0) / q1));
    const [p, q] = [p0 + steps * p1, q0 + steps * q1];
    const [numerator, denominator] = q1 === 0 || distance(p, q) < distance(p1, q1) ? [p, q] : [p1, q1];
    if (steps < whole || distance(p, q) <= Math.abs(x) * 2 ** -23)
      return { numerator: Poly.int(numerator), denominator: Poly.int(denominator) };
    [p0, q0, p1, q1] = [p1, q1, p, q];
    rest = 1 / (rest - whole);
  }
}

/** output ÷ input, cancelled where one is a multiple of the other. */
export function ratioOf(output: Poly, input: Poly): Scale {
  if (opaque("mod", output, input).isZero) return { numerator: opaque("div", output, input), denominator: Poly.one };
  if (opaque("mod", input, output).isZero) return { numerator: Poly.one, denominator: opaque("div", input, output) };
  return { numerator: output, denominator: input };
}

/** Coordinate transformations of ONNX Resize by name; `sized`: sizes were given, else scales. */
export const transformations: Readonly<Record<string, (dim: ResizedDim, sized: boolean) => Origin>> = {
  half_pixel: ({ scale: { numerator: p, denominator: q } }) => ({ a: q.mul(2), b: q.sub(p), c: p.mul(2) }),
  pytorch_half_pixel: (dim, sized) => {
    const { a, b, c } = transformations.half_pixel!(dim, sized);
    // a single element comes from the origin
    const several = larger(smaller(dim.output.sub(1), 1), 0);
    return { a: a.mul(several), b: b.mul(several), c };
  },
  half_pixel_symmetric: ({ input, output, scale: { numerator: p, denominator: q } }) => ({
    a: q.mul(2),
    b: p.mul(input).sub(q.mul(output)).add(q).sub(p),
    c: p.mul(2),
  }),
  asymmetric: ({ scale: { numerator: p, denominator: q } }) => ({ a: q, b: Poly.zero, c: p }),
  tf_half_pixel_for_nn: ({ scale: { numerator: p, denominator: q } }) => ({ a: q.mul(2), b: q, c: p.mul(2) }),
  // with scales, the specification takes input·scale before it is rounded down as the resized length
  align_corners: ({ input, output, scale: { numerator: p, denominator: q } }, sized) =>
    sized
      ? { a: input.sub(1), b: Poly.zero, c: larger(output.sub(1), 1) }
      : { a: input.sub(1).mul(q), b: Poly.zero, c: larger(input.mul(p).sub(q), 1) },
  tf_crop_and_resize: ({ input, output, crop = [0, 1] }) => {
    const [start, end, r] = commonFraction(crop);
    const span = input.sub(1);
    if (output.equals(1)) return { a: Poly.zero, b: span.mul(start + end), c: Poly.int(2 * r) };
    const steps = larger(output.sub(1), 1);
    return { a: span.mul(end - start), b: span.mul(start).mul(steps), c: steps.mul(r) };
  },
};

/** Crops are rounded to 1/1024: the products above must stay within 31 bits. */
function commonFraction([start, end]: readonly [number, number]): readonly [number, number, number] {
  const [s, e] = [fractionOf(Math.abs(start)), fractionOf(Math.abs(end))];
  const product = s.denominator.constant * e.denominator.constant;
  const r = Math.min(product, 1024);
  return [Math.round(start * r), Math.round(end * r), r];
}

/** ⌊origin(x) + shift⌋, shift being a number of halves. */
export function floorOf({ a, b, c }: Origin, x: Poly, halves = 0): Poly {
  const n = a.mul(x).add(b);
  return halves === 0 ? opaque("div", n, c) : opaque("div", n.mul(2).add(c.mul(halves)), c.mul(2));
}

/** origin(x) − ⌊origin(x)⌋ as a float in 0..1 */
export function fractionAt({ a, b, c }: Origin, x: Poly, dtype: "f32" | "f64"): AnyTile {
  const rest = indexTile(opaque("mod", a.mul(x).add(b), c)).cast(dtype);
  return c.isConst ? rest.mul(1 / c.constant) : rest.div(indexTile(c).cast(dtype));
}

/** Positions of a dim by nearest_mode. */
export const nearest: Readonly<Record<string, (origin: Origin, x: Poly) => Poly>> = {
  floor: (o, x) => floorOf(o, x),
  ceil: ({ a, b, c }, x) => floorOf({ a: a.mul(-1), b: b.mul(-1), c }, x).mul(-1),
  round_prefer_ceil: (o, x) => floorOf(o, x, 1),
  round_prefer_floor: ({ a, b, c }, x) => floorOf({ a: a.mul(-1), b: b.mul(-1), c }, x, 1).mul(-1),
};

/** A position clamped into the dim, on those sides only where it can leave it. Positions grow with x, unless a crop is mirrored. */
export function clampInto(dim: ResizedDim, x: Poly, position: (x: Poly) => Poly): Poly {
  const ends = [position(Poly.zero), position(dim.output.sub(1))];
  const mirrored = dim.crop && dim.crop[0] > dim.crop[1];
  const [least, most] = (mirrored ? ends.reverse() : ends) as [Poly, Poly];
  const last = dim.input.sub(1);
  let at = position(x);
  if (boundsOf(least).low < 0) at = opaque("max", at, Poly.zero);
  if (boundsOf(most.sub(last)).high > 0) at = opaque("min", at, last);
  return at;
}
