// Abs: Y = |X|.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes } from "../ir/dtypes.js";
import { boundsOf } from "./bounds.js";
import { unary } from "./elementwise.js";
import { numbers, unaryCases, unaryReference } from "./elementwise-references.js";
import { fold1 } from "./folds.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary(
  "Abs",
  x => (dtypes[x.dtype as Dtype].kind === "unsigned" ? x : x.abs()),
  {
    fold: fold1(Math.abs, p => (boundsOf(p).low >= 0 ? p : undefined)),
  },
);

export const doc: OperatorDoc = {
  summary: "|X|",
  dtypes: "number",
  opsets: [1, 13],
};
export const reference = /* @__PURE__ */ unaryReference(Math.abs, x => (x! < 0n ? -x! : x!));
export const cases = (): readonly OperatorCase[] => unaryCases(numbers);
