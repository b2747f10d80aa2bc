// ReduceL1: Σ |x| over the named axes.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes } from "../ir/dtypes.js";
import { floats } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";
import { reduction } from "./reduction.js";
import { reductionCases, reductionReference } from "./reduction-references.js";

export const operator = /* @__PURE__ */ reduction("ReduceL1", {
  over: (x, over) => (dtypes[x.dtype as Dtype].kind === "unsigned" ? x : x.abs()).sum(...over),
});

export const doc: OperatorDoc = {
  summary: "Σ |x| over axes",
  dtypes: "number",
  opsets: [1, 18],
  limits: "axes must be known at compile time",
};
/** worst measured on wasm in f32: 1.78 ε */
export const tolerance: Tolerance = { relative: 4, absolute: 16 };
export const reference = /* @__PURE__ */ reductionReference(x => x.reduce((a, b) => a + Math.abs(b), 0));
export const cases = (): readonly OperatorCase[] => reductionCases([...floats, "i32"]);
