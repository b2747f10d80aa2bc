// Xor: true where exactly one of A and B is.
import { binaryCases, binaryReference } from "./elementwise-references.js";
import { binary } from "./elementwise.js";
import { foldTruth } from "./folds.js";
import type { OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("Xor", (a, b) => a.xor(b), { fold: foldTruth((a, b) => a !== b) });

export const doc: OperatorDoc = {
  summary: "Whether exactly one of A and B is true, with broadcasting",
  dtypes: "bool",
  opsets: [1, 7],
};
export const reference = /* @__PURE__ */ binaryReference((a, b) => a !== b);
export const cases = /* @__PURE__ */ binaryCases(["bool"]);
