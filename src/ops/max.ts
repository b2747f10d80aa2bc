// Max: the largest of any number of operands; NaN where one of them is NaN.

import { variadic } from "./elementwise.js";
import { numbers, variadicCases, variadicReference } from "./elementwise-references.js";
import { foldMax } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ variadic("Max", "max", (a, b) => a.maximum(b), { fold: foldMax });

export const doc: OperatorDoc = {
  summary: "The largest of the operands, with broadcasting",
  dtypes: "number",
  opsets: [1, 13],
};
// biome-ignore lint/complexity/useMathMinMax: Math.max is not for bigints
export const reference = /* @__PURE__ */ variadicReference("max", Math.max, (a, b) => (a > b ? a : b));
export const cases = (): readonly OperatorCase[] => variadicCases(numbers);
