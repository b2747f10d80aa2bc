// Asinh: the inverse hyperbolic sine; near 0 by its series, because the logarithm's argument is close to 1 there.
import type { AnyTile } from "../tile/index.js";
import { where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

const series = (x: AnyTile): AnyTile => {
  const square = x.mul(x);
  return square
    .mul(-15 / 336)
    .add(3 / 40)
    .mul(square)
    .sub(1 / 6)
    .mul(square)
    .add(1)
    .mul(x);
};
/** log(x + y), where beyond 2²⁷ both are equal to the last bit, and the square that y comes from may be ∞ */
export const logOfSum = (x: AnyTile, y: AnyTile): AnyTile =>
  where(x.gt(2 ** 27), x.log().add(Math.LN2), x.add(y).log());

function logarithm(x: AnyTile): AnyTile {
  const size = x.abs();
  const y = logOfSum(size, size.mul(size).add(1).sqrt());
  return where(x.lt(0), y.neg(), y);
}

export const operator = /* @__PURE__ */ unary("Asinh", x => where(x.abs().lt(0.2), series(x), logarithm(x)), {
  names: ["input", "output"],
});

export const doc: OperatorDoc = {
  summary: "The inverse hyperbolic sine of the input",
  dtypes: "float",
  opsets: [7, 22],
};
/** worst measured on wasm in f32: 4.27 ε */
export const tolerance: Tolerance = { relative: 8, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.asinh, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats, [-4, 4], {}, "input"),
  { name: "f32 whose squares are infinite", inputs: { input: { dtype: "f32", dims: [50], range: [1e19, 3e38] } } },
];
