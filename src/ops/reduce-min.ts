import { numbers } from "./elementwise-references.js";
import { foldMin } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";
import { reduction } from "./reduction.js";
import { reductionCases, reductionReference } from "./reduction-references.js";

export const operator = /* @__PURE__ */ reduction("ReduceMin", {
  over: (x, over) => x.min(...over),
  compute: dtype => (dtype === "bool" ? "u8" : dtype),
  fold: foldMin,
});

export const doc: OperatorDoc = {
  summary: "The smallest element over axes",
  dtypes: "number or bool",
  opsets: [1, 20],
  limits: "axes must be known at compile time",
};
export const reference = /* @__PURE__ */ reductionReference(
  x => x.reduce((a, b) => Math.min(a, b), Infinity),
  (a, b) => (a <= b ? a : b),
);
export const cases = (): readonly OperatorCase[] => reductionCases([...numbers, "bool"]);
