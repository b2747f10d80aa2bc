// ReduceMean: the mean over the named axes; integers are divided towards zero.
import { isFloat } from "../ir/dtypes.js";
import { countOf } from "./accumulate.js";
import { floats } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";
import { reduction } from "./reduction.js";
import { reductionCases, reductionReference } from "./reduction-references.js";

export const operator = /* @__PURE__ */ reduction("ReduceMean", {
  over: (x, over) => {
    const sum = x.sum(...over);
    const count = countOf(over, sum.dtype);
    return isFloat(sum.dtype) ? sum.mul(count.reciprocal()) : sum.div(count);
  },
});

export const doc: OperatorDoc = {
  summary: "The mean over axes",
  dtypes: "number",
  opsets: [1, 18],
  limits: "axes must be known at compile time",
};
/** worst measured on wasm in f32: 0.51 ε of the input */
export const tolerance: Tolerance = { relative: 4, absolute: 2 };
export const reference = /* @__PURE__ */ reductionReference(x => x.reduce((a, b) => a + b, 0) / x.length);
export const cases = (): readonly OperatorCase[] => reductionCases([...floats, "i32"]);
