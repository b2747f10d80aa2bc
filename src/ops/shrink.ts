// Shrink: X ± bias outside −lambd..lambd, else 0.
import type { Dtype } from "../ir/dtypes.js";
import { isFloat } from "../ir/dtypes.js";
import { roundTo } from "../ir/float-bits.js";
import { type AnyTile, where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary(
  "Shrink",
  (given, { bias, lambd }) => {
    const x: AnyTile = isFloat(given.dtype) ? given : given.cast("f64");
    // as literals do, ONNX's function body casts both like X
    const y = where(x.lt(-lambd), x.add(bias), where(x.gt(lambd), x.sub(bias), 0));
    return isFloat(given.dtype) ? y : wrapped(y, given.dtype);
  },
  {
    attributes: { bias: { type: "float", default: 0 }, lambd: { type: "float", default: 0.5 } },
    names: ["input", "output"],
  },
);

/** Integers are computed in real numbers, truncated, and wrap around, as NumPy's and onnxruntime's do. */
function wrapped(y: AnyTile, dtype: Dtype): AnyTile {
  const whole = y.cast("i64").cast(dtype);
  return dtype === "u64" ? where(y.lt(0), whole, y.cast(dtype)) : whole;
}

export const doc: OperatorDoc = {
  summary: "X + bias below −lambd, X − bias above lambd, else 0",
  dtypes: "number",
  opsets: [9, 9],
};
export const tolerance: Tolerance = { relative: 1, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference(
  (x, { bias, lambd }, dtype) => {
    // cast like X; integers are computed in real numbers
    const [limit, by] = isFloat(dtype) ? [roundTo(dtype, lambd), roundTo(dtype, bias)] : [lambd, bias];
    return x < -limit ? x + by : x > limit ? x - by : 0;
  },
  undefined,
  undefined,
  ["input", "output"],
);
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats, [-2, 2], { bias: 0.25, lambd: 0.75 }, "input"),
  // neither is a number of f16 or bf16
  ...unaryCases(["f16", "bf16"], [-2, 2], { bias: 0.8131563663482666, lambd: 0.7532 }, "input"),
  ...unaryCases(["i8", "i32", "i64", "u8"], [-9, 9], { bias: 2.5, lambd: 1.5 }, "input"),
  ...unaryCases(["u8", "u64", "i8"], [0, 9], { bias: 2.5, lambd: 0.5 }, "input"),
];
