// IsNaN: where is X not a number? A number is equal to itself.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("IsNaN", x => x.ne(x), { result: "bool" });

export const doc: OperatorDoc = {
  summary: "Whether X is not a number",
  dtypes: "float",
  opsets: [9, 20],
};
export const reference = /* @__PURE__ */ unaryReference(x => Number.isNaN(x), undefined, "bool");
export const cases = (): readonly OperatorCase[] => [
  ...unaryCases(floats),
  { name: "specials", inputs: { X: { dtype: "f32", dims: [4], data: [Number.NaN, Infinity, -Infinity, 0] } } },
];
