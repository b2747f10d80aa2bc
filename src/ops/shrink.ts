// Shrink: X ± bias outside −lambd..lambd, else 0.
import { isFloat } from "../ir/dtypes.js";
import { type AnyTile, where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary(
  "Shrink",
  // integers are computed in real numbers and truncated
  (given, { bias, lambd }) => {
    const x: AnyTile = isFloat(given.dtype) ? given : given.cast("f64");
    return where(x.lt(-lambd), x.add(bias), where(x.gt(lambd), x.sub(bias), 0)).cast(given.dtype);
  },
  {
    attributes: { bias: { type: "float", default: 0 }, lambd: { type: "float", default: 0.5 } },
    names: ["input", "output"],
  },
);

export const doc: OperatorDoc = {
  summary: "X + bias below −lambd, X − bias above lambd, else 0",
  dtypes: "number",
  opsets: [9, 9],
};
export const tolerance: Tolerance = { relative: 1, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(
  (x, { bias, lambd }) => (x < -lambd ? x + bias : x > lambd ? x - bias : 0),
  undefined,
  undefined,
  ["input", "output"],
);
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats, [-2, 2], { bias: 0.25, lambd: 0.75 }, "input"),
  ...unaryCases(["i8", "i32", "i64", "u8"], [-9, 9], { bias: 2.5, lambd: 1.5 }, "input"),
];
