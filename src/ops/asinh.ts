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
function logarithm(x: AnyTile): AnyTile {
  const size = x.abs();
  const y = size.add(size.mul(size).add(1).sqrt()).log();
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
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-4, 4], {}, "input");
