// Arithmetic on single elements known at compile time: what Add, Mul, Div … do to shape subgraphs.
// Integers are polynomials over dims; floats are numbers, or polynomials where they were cast from dims.
import type { KnownValue } from "../graph/graph.js";
import { opaque, Poly } from "../ir/poly.js";
import { boundsOf, larger, smaller } from "./bounds.js";
import type { KnownElement } from "./known-values.js";
import { numberOf, polyOf } from "./known-values.js";

type Known = Poly | number;
export type Fold = (x: readonly Known[], float: boolean) => KnownElement;

/** A fold made of a function on numbers, and one on polynomials for what is not constant. */
export const fold2 =
  (
    onNumbers: (a: number, b: number, float: boolean) => number,
    onPolys: (a: Poly, b: Poly, float: boolean) => Poly | undefined,
    only: "order" | undefined = undefined,
  ): Fold =>
  ([a, b], float) => {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x !== undefined && y !== undefined)
      return float || only === "order" || areExact(x, y) ? element(onNumbers(x, y, float), float) : undefined;
    const [p, q] = [polyOf(a), polyOf(b)];
    return p && q ? onPolys(p, q, float) : undefined;
  };

export const fold1 =
  (onNumber: (a: number) => number, onPoly: (a: Poly) => Poly | undefined): Fold =>
  ([a], float) => {
    const x = numberOf(a);
    if (x !== undefined) return element(onNumber(x), float);
    const p = polyOf(a);
    return p && onPoly(p);
  };

/** ±2⁶³ stands for more than one integer (constants.ts): others are ordered rightly beside it, and that is all. */
const areExact = (x: number, y: number): boolean => Number.isSafeInteger(x) && Number.isSafeInteger(y);
/** Numbers beyond 2⁵³ are not exact and stay unknown. */
const element = (x: number, float: boolean): KnownElement =>
  float ? x : Number.isSafeInteger(x) ? Poly.int(x) : undefined;
const truth = (x: boolean | undefined): KnownElement => (x === undefined ? undefined : Poly.int(x ? 1 : 0));

export const foldAdd = /* @__PURE__ */ fold2(
  (a, b) => a + b,
  (a, b) => a.add(b),
);
export const foldSub = /* @__PURE__ */ fold2(
  (a, b) => a - b,
  (a, b) => a.sub(b),
);
export const foldMul = /* @__PURE__ */ fold2(
  (a, b) => a * b,
  (a, b) => a.mul(b),
);
export const foldNeg = /* @__PURE__ */ fold1(
  a => -a,
  a => a.mul(-1),
);
export const foldMax = /* @__PURE__ */ fold2(
  (a, b) => Math.max(a, b),
  (a, b) => larger(a, b),
  "order",
);
export const foldMin = /* @__PURE__ */ fold2(
  (a, b) => Math.min(a, b),
  (a, b) => smaller(a, b),
  "order",
);

/** Floor division is truncating division where nothing is negative; a symbolic float quotient is known where it is whole. */
export const foldDiv = /* @__PURE__ */ fold2(
  (a, b, float) => (float ? a / b : Math.trunc(a / b)),
  (a, b, float) => {
    const quotient = opaque("div", a, b);
    if (quotient.mul(b).equals(a)) return quotient;
    return !float && boundsOf(a).low >= 0 && boundsOf(b).low >= 0 ? quotient : undefined;
  },
);
export const foldMod = /* @__PURE__ */ fold2(
  (a, b) => (a % b === 0 || a % b < 0 === b < 0 ? a % b : (a % b) + b),
  (a, b, float) => (!float && boundsOf(b).low >= 0 ? opaque("mod", a, b) : undefined),
);
/** What is whole already stays as it is. */
export const foldRounding = (f: (x: number) => number): Fold => fold1(f, p => p);

/** A comparison is known where the bounds of the difference decide it. */
export const foldCompare =
  (decide: (low: number, high: number) => boolean | undefined): Fold =>
  ([a, b], float) => {
    const [x, y] = [numberOf(a), numberOf(b)];
    if (x !== undefined && y !== undefined)
      return float || x !== y || areExact(x, y) ? truth(decide(x - y, x - y)) : undefined;
    const [p, q] = [polyOf(a), polyOf(b)];
    if (!p || !q) return undefined;
    const { low, high } = boundsOf(p.sub(q));
    return truth(decide(low, high));
  };
export const decideEqual = (low: number, high: number): boolean | undefined =>
  low === 0 && high === 0 ? true : low > 0 || high < 0 ? false : undefined;
export const decideLess = (low: number, high: number): boolean | undefined =>
  high < 0 ? true : low >= 0 ? false : undefined;
export const decideAtMost = (low: number, high: number): boolean | undefined =>
  high <= 0 ? true : low > 0 ? false : undefined;
export const foldTruth =
  (f: (...x: boolean[]) => boolean): Fold =>
  x => {
    const known = x.map(numberOf);
    return known.every(k => k !== undefined) ? truth(f(...known.map(Boolean))) : undefined;
  };

/** The one number of a known scalar. */
export const scalarOf = (known: KnownValue | undefined): number | undefined =>
  known?.data.length === 1 ? numberOf(known.data[0]) : undefined;
