// IsInf: where is X infinite, with the signs that the attributes ask for?
import { literal } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { byteFloats, floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary(
  "IsInf",
  (x, { detect_positive, detect_negative }) => {
    const positive = detect_positive ? x.eq(Infinity) : literal("bool", false);
    return detect_negative ? positive.or(x.eq(-Infinity)) : positive;
  },
  {
    attributes: { detect_positive: { type: "int", default: 1 }, detect_negative: { type: "int", default: 1 } },
    result: "bool",
  },
);

export const doc: OperatorDoc = {
  summary: "Whether X is +∞ or −∞, as far as detect_positive and detect_negative are 1",
  dtypes: "float, 8 bits included",
  opsets: [10, 20],
};
export const reference = /* @__PURE__ */ unaryReference(
  (x, { detect_positive, detect_negative }) =>
    (detect_positive === 1 && x === Infinity) || (detect_negative === 1 && x === -Infinity),
  undefined,
  "bool",
);
const specials = { X: { dtype: "f32", dims: [4], data: [Number.NaN, Infinity, -Infinity, 0] } } as const;
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats),
  { name: "both", inputs: specials },
  ...byteFloats.map((dtype): OperatorCase => {
    const data = [Number.NaN, Infinity, -Infinity, 0, 3];
    return { name: `specials of ${dtype}`, inputs: { X: { dtype, dims: [5], data } } };
  }),
  { name: "positive", attributes: { detect_negative: 0 }, inputs: specials },
  { name: "negative", attributes: { detect_positive: 0 }, inputs: specials },
];
