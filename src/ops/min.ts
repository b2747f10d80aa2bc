// Min: the smallest of any number of operands; NaN where one of them is NaN.

import { variadic } from "./elementwise.js";
import { numbers, variadicCases, variadicReference } from "./elementwise-references.js";
import { foldMin } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ variadic("Min", "min", (a, b) => a.minimum(b), { fold: foldMin });

export const doc: OperatorDoc = {
  summary: "The smallest of the operands, with broadcasting",
  dtypes: "number",
  opsets: [1, 13],
};
// biome-ignore lint/complexity/useMathMinMax: Math.min is not for bigints
export const reference = /* @__PURE__ */ variadicReference("min", Math.min, (a, b) => (a < b ? a : b));
export const cases = (): readonly OperatorCase[] => variadicCases(numbers);
