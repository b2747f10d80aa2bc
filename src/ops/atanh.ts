// Atanh: the inverse hyperbolic tangent, of numbers between −1 and 1; near 0 by its series.
import type { AnyTile } from "../tile/index.js";
import { where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

const series = (x: AnyTile): AnyTile => {
  const square = x.mul(x);
  const inner = square
    .mul(1 / 9)
    .add(1 / 7)
    .mul(square)
    .add(1 / 5)
    .mul(square)
    .add(1 / 3);
  return inner.mul(square).add(1).mul(x);
};
const logarithm = (x: AnyTile): AnyTile => x.add(1).div(x.neg().add(1)).log().mul(0.5);

export const operator = /* @__PURE__ */ unary("Atanh", x => where(x.abs().lt(0.2), series(x), logarithm(x)), {
  names: ["input", "output"],
});

export const doc: OperatorDoc = {
  summary: "The inverse hyperbolic tangent of the input",
  dtypes: "float",
  opsets: [7, 22],
};
/** worst measured on wasm in f32: 2.41 ε */
export const tolerance: Tolerance = { relative: 5, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.atanh, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-0.9, 0.9], {}, "input");
