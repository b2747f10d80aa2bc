// Mish: X · tanh(log(1 + eˣ)). With u = e⁻|x| the tangent is a quotient of polynomials in u: nothing overflows.
import { where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Mish", x => {
  const u = x.abs().neg().exp();
  const square = u.mul(u);
  // e^x = 1/u above 0 and u below: tanh(log(1 + w)) = (w² + 2w) / (w² + 2w + 2)
  const above = u
    .mul(2)
    .add(1)
    .div(square.mul(2).add(u.mul(2)).add(1));
  const below = square.add(u.mul(2)).div(square.add(u.mul(2)).add(2));
  return x.mul(where(x.ge(0), above, below));
});

export const doc: OperatorDoc = {
  summary: "X · tanh(log(1 + eˣ))",
  dtypes: "float",
  opsets: [18, 22],
};
/** worst measured on wasm in f32: 2.51 ε */
export const tolerance: Tolerance = { relative: 5, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(
  x => x * Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-10, 10]);
