// Atan: the inverse tangent by reduction to |x| ≤ tan(π/8) and an odd polynomial; range and coefficients as in the Cephes library
// (Moshier, atanf): relative error 2e-7, in f64 too.
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export function arcTangent(x: AnyTile): AnyTile {
  const size = x.abs();
  const [steep, middle] = [size.gt(Math.tan((3 * Math.PI) / 8)), size.gt(Math.tan(Math.PI / 8))];
  const reduced = where(steep, size.reciprocal().neg(), where(middle, size.sub(1).div(size.add(1)), size));
  const offset = where(steep, literal(x.dtype, Math.PI / 2), where(middle, literal(x.dtype, Math.PI / 4), 0));
  const square = reduced.mul(reduced);
  const inner = square.mul(8.05374449538e-2).sub(1.38776856032e-1).mul(square).add(1.99777106478e-1).mul(square);
  const y = inner.sub(3.33329491539e-1).mul(square).mul(reduced).add(reduced).add(offset);
  return where(x.lt(0), y.neg(), y);
}
export const operator = /* @__PURE__ */ unary("Atan", arcTangent, { names: ["input", "output"] });

export const doc: OperatorDoc = {
  summary: "The inverse tangent of the input, in radians",
  dtypes: "float",
  opsets: [7, 22],
};
/** worst measured on wasm in f32: 1.26 ε */
export const tolerance: Tolerance = { relative: 3, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(Math.atan, undefined, undefined, ["input", "output"]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-8, 8], {}, "input");
