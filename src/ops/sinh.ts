// Sinh: the hyperbolic sine; near 0 by its series, because the difference of exponentials cancels there.
import type { AnyTile } from "../tile/index.js";
import { where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

const series = (x: AnyTile): AnyTile => {
  const square = x.mul(x);
  const inner = square
    .mul(1 / 42)
    .add(1)
    .mul(square)
    .mul(1 / 20)
    .add(1);
  return inner
    .mul(square)
    .mul(1 / 6)
    .add(1)
    .mul(x);
};
const difference = (x: AnyTile): AnyTile => x.exp().sub(x.neg().exp()).mul(0.5);

export const operator = /* @__PURE__ */ unary("Sinh", x => where(x.abs().lt(0.5), series(x), difference(x)), {
  names: ["input", "output"],
});

export const doc: OperatorDoc = {
  summary: "The hyperbolic sine of the input",
  dtypes: "float",
  opsets: [7, 22],
};
/** worst measured on wasm in f32: 2.57 ε */
export const tolerance: Tolerance = { relative: 5, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.sinh, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => [...unaryCases(floats, [-4, 4], {}, "input")];
