// Ceil: the smallest integer that is not below X.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { foldRounding } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Ceil", x => x.ceil(), { fold: foldRounding(Math.ceil) });

export const doc: OperatorDoc = {
  summary: "X rounded up",
  dtypes: "float",
  opsets: [1, 13],
};
export const reference = /* @__PURE__ */ unaryReference(Math.ceil);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-20, 20]);
