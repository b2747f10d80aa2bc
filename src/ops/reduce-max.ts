import { numbers } from "./elementwise-references.js";
import { foldMax } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";
import { reduction } from "./reduction.js";
import { reductionCases, reductionReference } from "./reduction-references.js";

export const operator = /* @__PURE__ */ reduction("ReduceMax", {
  over: (x, over) => x.max(...over),
  compute: dtype => (dtype === "bool" ? "u8" : dtype),
  fold: foldMax,
});

export const doc: OperatorDoc = {
  summary: "The largest element over axes",
  dtypes: "number or bool",
  opsets: [1, 20],
  limits: "axes must be known at compile time",
};
export const reference = /* @__PURE__ */ reductionReference(
  x => x.reduce((a, b) => Math.max(a, b), -Infinity),
  (a, b) => (a >= b ? a : b),
);
export const cases = (): readonly OperatorCase[] => reductionCases([...numbers, "bool"]);
