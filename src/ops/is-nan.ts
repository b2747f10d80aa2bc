// IsNaN: where is X not a number? A number is equal to itself.

import { unary } from "./elementwise.js";
import { byteFloats, floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("IsNaN", x => x.ne(x), { result: "bool" });

export const doc: OperatorDoc = {
  summary: "Whether X is not a number",
  dtypes: "float, 8 bits included",
  opsets: [9, 20],
};
export const reference = /* @__PURE__ */ unaryReference(x => Number.isNaN(x), undefined, "bool");
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats),
  ...[...floats, ...byteFloats].map((dtype): OperatorCase => {
    const data = [Number.NaN, Infinity, -Infinity, 0, 3];
    return { name: `specials of ${dtype}`, inputs: { X: { dtype, dims: [5], data } } };
  }),
];
