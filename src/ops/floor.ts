// Floor: the largest integer that is not above X.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { foldRounding } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Floor", x => x.floor(), { fold: foldRounding(Math.floor) });

export const doc: OperatorDoc = {
  summary: "X rounded down",
  dtypes: "float",
  opsets: [1, 13],
};
export const reference = /* @__PURE__ */ unaryReference(Math.floor);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-20, 20]);
