// Scale: scale · X. An experimental operator of the first opsets.
import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator: Operator = /* @__PURE__ */ unary("Scale", (x, { scale }) => x.mul(scale), {
  attributes: { scale: { type: "float", default: 1 } },
  names: ["input", "output"],
});

export const doc: OperatorDoc = { summary: "scale · input", dtypes: "float", opsets: [1, 1] };
export const tolerance: Tolerance = { relative: 1, absolute: 0 };
export const reference = /* @__PURE__ */ unaryReference((x, { scale = 1 }) => scale * x, undefined, undefined, [
  "input",
  "output",
]);
export const cases = (): readonly OperatorCase[] => unaryCases(floats, undefined, { scale: -0.75 }, "input");
