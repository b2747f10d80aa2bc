// Xor: true where exactly one of A and B is.

import { binary } from "./elementwise.js";
import { binaryCases, binaryReference } from "./elementwise-references.js";
import { foldTruth } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ binary("Xor", (a, b) => a.xor(b), { fold: foldTruth((a, b) => a !== b) });

export const doc: OperatorDoc = {
  summary: "Whether exactly one of A and B is true, with broadcasting",
  dtypes: "bool",
  opsets: [1, 7],
};
export const reference = /* @__PURE__ */ binaryReference((a, b) => a !== b);
export const cases = (): readonly OperatorCase[] => binaryCases(["bool"]);
