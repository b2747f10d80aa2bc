// Sign: −1, 0 or 1; zeros and NaN stay as they are.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes } from "../ir/dtypes.js";
import { literal, where } from "../tile/index.js";
import { unary } from "./elementwise.js";
import { numbers, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc } from "./operator.js";

export const operator = /* @__PURE__ */ unary(
  "Sign",
  x => {
    const positive = where(x.gt(0), literal(x.dtype, 1), x);
    return dtypes[x.dtype as Dtype].kind === "unsigned" ? positive : where(x.lt(0), literal(x.dtype, -1), positive);
  },
  { names: ["input", "output"] },
);

export const doc: OperatorDoc = {
  summary: "−1, 0 or 1 as X is negative, zero or positive",
  dtypes: "number",
  opsets: [9, 13],
};
export const reference = /* @__PURE__ */ unaryReference(
  Math.sign,
  x => (x! > 0n ? 1n : x! < 0n ? -1n : 0n),
  undefined,
  ["input", "output"],
);
export const cases = (): readonly OperatorCase[] => unaryCases(numbers, undefined, {}, "input");
