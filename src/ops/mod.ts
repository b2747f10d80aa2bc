// Mod: the remainder of A / B: sign of the divisor, or of the dividend with `fmod`, which floats need.

import { binary } from "./elementwise.js";
import { binaryCases, binaryReference, floats, integers, numbers } from "./elementwise-references.js";
import { foldMod } from "./folds.js";
import type { Operator, OperatorCase, OperatorDoc } from "./operator.js";

const remainder = /* @__PURE__ */ binary("Mod", (a, b, { fmod }) => (fmod === 1 ? a.rem(b) : a.mod(b)), {
  attributes: { fmod: { type: "int", default: 0 } },
  fold: foldMod,
});

export const operator: Operator = {
  ...remainder,
  // shape arithmetic has no use for the sign of the dividend
  values: node => (node.attributes.fmod === 1 ? {} : remainder.values!(node)),
};

export const doc: OperatorDoc = {
  summary: "The remainder of A / B with broadcasting; it has the sign of B, with `fmod` = 1 that of A",
  dtypes: "number",
  opsets: [10, 28],
};
export const reference = /* @__PURE__ */ binaryReference(
  (a, b, { fmod }) => (fmod === 1 || a % b === 0 || a % b < 0 === b < 0 ? a % b : (a % b) + b),
  (a, b, { fmod }) => (fmod === 1 || a % b === 0n || a % b < 0n === b < 0n ? a % b : (a % b) + b),
);
export const cases = (): readonly OperatorCase[] => [
  ...binaryCases(integers, [undefined, [1, 20]]),
  ...binaryCases(numbers, [undefined, [1, 20]], { fmod: 1 }),
  // since opset 28 floats have both
  ...binaryCases(floats, [undefined, [1, 20]]),
  {
    name: "floats whose remainder is no quotient's",
    inputs: {
      A: { dtype: "f32", dims: [6], data: [7, -7, 7, -7, Infinity, 3] },
      B: { dtype: "f32", dims: [6], data: [Infinity, Infinity, -Infinity, -Infinity, 2, 0] },
    },
  },
];
