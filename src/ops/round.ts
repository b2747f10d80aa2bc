// Round: to the nearest integer, halves to the even one.

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import { foldRounding } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary("Round", x => x.round(), { fold: foldRounding(halfToEven) });

export const doc: OperatorDoc = {
  summary: "X rounded to the nearest integer, halves to the even one",
  dtypes: "float",
  opsets: [11, 22],
};

function halfToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}
export const reference = /* @__PURE__ */ unaryReference(halfToEven);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-20, 20]);
