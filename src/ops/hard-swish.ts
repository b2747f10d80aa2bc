// HardSwish: X · max(0, min(1, X / 6 + 0.5)).

import { unary } from "./elementwise.js";
import { floats, unaryCases, unaryReference } from "./elementwise-references.js";
import type { OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator = /* @__PURE__ */ unary("HardSwish", x =>
  x.mul(
    x
      .mul(1 / 6)
      .add(0.5)
      .maximum(0)
      .minimum(1),
  ),
);

export const doc: OperatorDoc = {
  summary: "X · max(0, min(1, X / 6 + 0.5))",
  dtypes: "float",
  opsets: [14, 22],
};
/** worst measured on wasm in f32: 0.33 ε of the input */
export const tolerance: Tolerance = { relative: 2, absolute: 1 };
export const reference = /* @__PURE__ */ unaryReference(x => x * Math.max(0, Math.min(1, x / 6 + 0.5)));
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-6, 6]);
