// Not: Y = ¬X.

import { unary } from "./elementwise.js";
import { unaryCases, unaryReference } from "./elementwise-references.js";
import { foldTruth } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Not", x => x.not(), { fold: foldTruth(x => !x) });

export const doc: OperatorDoc = {
  summary: "¬X",
  dtypes: "bool",
  opsets: [1, 1],
};
export const reference = /* @__PURE__ */ unaryReference(x => x === 0);
export const cases = (): readonly OperatorCase[] => unaryCases(["bool"]);
