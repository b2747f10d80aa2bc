// Not: Y = ¬X.
import { unaryCases, unaryReference } from "./elementwise-references.js";
import { unary } from "./elementwise.js";
import { foldTruth } from "./folds.js";

export const operator = /* @__PURE__ */ unary("Not", x => x.not(), { fold: foldTruth(x => !x) });

export const doc = "¬X.";
export const reference = /* @__PURE__ */ unaryReference(x => x === 0);
export const cases = /* @__PURE__ */ unaryCases(["bool"]);
