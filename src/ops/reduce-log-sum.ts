// ReduceLogSum: log Σ x over the named axes; integers are computed in f64.
import { computeDtype } from "./accumulate.js";
import { floats } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";
import { reduction } from "./reduction.js";
import { reductionCases, reductionReference } from "./reduction-references.js";

export const operator = /* @__PURE__ */ reduction("ReduceLogSum", {
  over: (x, over) => x.sum(...over).log(),
  compute: computeDtype,
});

export const doc: OperatorDoc = {
  summary: "log Σ x over axes",
  dtypes: "number",
  opsets: [1, 28],
  limits: "axes must be known at compile time",
};
/** worst measured on wasm in f32: 0.67 ε of the input */
export const tolerance: Tolerance = { relative: 4, absolute: 4 };
export const reference = /* @__PURE__ */ reductionReference(x => Math.log(x.reduce((a, b) => a + b, 0)));
export const cases = (): readonly OperatorCase[] => reductionCases(floats, [0.5, 2]);
