// Pow: C = Aᴮ; the result has the dtype of A, the exponent may have another. Exponents known at compile time that are
// small integers or halves become multiplications and square roots.
import type { Dtype } from "../ir/dtypes.js";
import { integerRange, isFloat } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { broadcastDims, readB, readBroadcast } from "./broadcast.js";
import { binaryCases, binaryReference, floats } from "./elementwise-references.js";
import { scalarOf } from "./folds.js";
import type { KnownElement } from "./known-values.js";
import { elementIn, mapKnown, numberOf } from "./known-values.js";
import type { CaseInput, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { numbersOf } from "./reference-tensors.js";

export const operator: Operator = {
  name: "Pow",
  inputs: ["X", "Y"],
  outputs: ["Z"],
  attributes: { axis: { type: "int" }, broadcast: { type: "int", default: 0 } },
  shape: node => ({ Z: broadcastDims("Pow", node, ["X", "Y"]) }),
  values: node => ({ Z: mapKnown([node.known.X, node.known.Y], foldPower(node.dtypes.X!)) }),
  at: context => ({
    Z: (...i) => {
      const out = context.outputs.Z!;
      const [X, Y] = [context.inputs.X!, context.inputs.Y!];
      const x = readBroadcast(X, i, out);
      const exponent = scalarOf(Y.known);
      const simple = exponent === undefined ? undefined : knownPower(x, exponent);
      return simple ?? power(x, readB(context, Y, i, out));
    },
  }),
};

const foldPower =
  (dtype: Dtype) =>
  (x: Poly | number, y: Poly | number): KnownElement => {
    const [base, exponent] = [numberOf(x), numberOf(y)];
    return base === undefined || exponent === undefined ? undefined : elementIn(dtype, base ** exponent);
  };

/** xʸ without a logarithm, for exponents that models are full of. */
export function knownPower(x: AnyTile, exponent: number): AnyTile | undefined {
  const float = isFloat(x.dtype);
  if (Number.isInteger(exponent) && exponent >= 1 && exponent <= 4) return integerPower(x, exponent);
  if (!float) return undefined;
  if (exponent === 0.5) return x.sqrt();
  if (exponent === -1) return x.reciprocal();
  if (exponent === -0.5) return x.sqrt().reciprocal();
  if (exponent === 0.75) return threeQuarters(x);
  return undefined;
}
function integerPower(x: AnyTile, exponent: number): AnyTile {
  if (exponent === 1) return x;
  const square = x.mul(x);
  return exponent === 2 ? square : exponent === 3 ? square.mul(x) : square.mul(square);
}
/** local response normalisation: x^¾ = √x · √√x */
function threeQuarters(x: AnyTile): AnyTile {
  const root = x.sqrt();
  return root.mul(root.sqrt());
}

function power(x: AnyTile, y: AnyTile): AnyTile {
  if (isFloat(x.dtype)) return x.pow(y.cast(x.dtype));
  if (!isFloat(y.dtype)) return bitwisePower(x, y.cast("i32"));
  // a whole base with a real exponent is computed in f64 and cut to an integer, as numpy does
  return x.cast("f64").pow(y.cast("f64")).cast(x.dtype);
}

/** Square and multiply over the bits of the exponent: exact, and wraps like multiplication. Beyond 63 every base but 0, 1 and −1 has overflowed. */
function bitwisePower(x: AnyTile, y: AnyTile): AnyTile {
  let result: AnyTile = literal(x.dtype, 1);
  let square = x;
  for (let bit = 0; bit < 6; bit++) {
    if (bit > 0) square = square.mul(square);
    result = where(y.and(1 << bit).ne(0), result.mul(square), result);
  }
  return result;
}

export const doc: OperatorDoc = {
  summary: "X to the power of Y, with broadcasting; the result has the dtype of X",
  dtypes: "number",
  opsets: [1, 15],
};
/** worst measured on wasm in f32: 1.00 ε for bases and exponents up to 4 */
export const tolerance: Tolerance = { relative: 8, absolute: 0 };

export const reference: Reference = (inputs, attributes, node) => {
  const [X, Y] = [inputs.X!, inputs.Y!];
  const whole = !isFloat(X.dtype) && !isFloat(Y.dtype);
  const f = binaryReference(
    (a, b) => (isFloat(X.dtype) ? realPower(a, b) : cut(X.dtype, realPower(a, b))),
    whole ? (a, b) => a ** b : undefined,
  );
  // without a function on bigints, wrap() takes care of 64-bit integers
  const numeric = whole ? { A: X, B: Y } : { A: { ...X, data: numbersOf(X) }, B: { ...Y, data: numbersOf(Y) } };
  return { Z: f(numeric, attributes, node).C! };
};

/** C's pow: where JavaScript has NaN, 1 to any power is 1, and −1 to an infinite one. */
const realPower = (a: number, b: number): number =>
  a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b;

/** What is beyond the integers of a dtype becomes the last one. */
function cut(dtype: Dtype, x: number): Element {
  const [low, high] = integerRange(dtype);
  if (Number.isNaN(x)) return 0;
  return x <= Number(low) ? low : x >= Number(high) ? high : Math.trunc(x);
}

const base = (dtype: Dtype, dims: readonly number[]): CaseInput => ({ dtype, dims, range: [1, 4] });
const exponent = (value: number): OperatorCase => ({
  name: `f32 to the constant ${value}`,
  inputs: { X: base("f32", [3, 5]), Y: { dtype: "f32", dims: [], data: [value], constant: true } },
});
export const cases = (): readonly OperatorCase[] => [
  ...[0, 1, 2, 3, 4, 5, 0.5, 0.75, -0.5, -1, 1.7].map(exponent),
  ...binaryCases(floats, [
    [0.5, 4],
    [-2, 2],
  ]).map(asXY),
  ...binaryCases(
    ["i32", "i64"],
    [
      [-4, 4],
      [0, 5],
    ],
  ).map(asXY),
  { name: "i32 to f32", inputs: { X: base("i32", [3, 5]), Y: base("f32", [5]) } },
  {
    name: "i32 to infinities",
    inputs: {
      X: { dtype: "i32", dims: [4], data: [1, 2, -1, 3] },
      Y: { dtype: "f32", dims: [2, 1], data: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] },
    },
  },
  { name: "f32 to i64", inputs: { X: base("f32", [3, 5]), Y: base("i64", [5]) } },
];
function asXY(c: OperatorCase): OperatorCase {
  return { ...c, inputs: { X: c.inputs.A!, Y: c.inputs.B! } };
}
