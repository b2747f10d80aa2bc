// SwiGLU: the Swish of A gates B.
import { wide } from "./accumulate.js";
import { binary } from "./elementwise.js";
import { binaryCases, binaryReference, floats } from "./elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Tolerance } from "./operator.js";

export const operator: Operator = /* @__PURE__ */ binary(
  "SwiGLU",
  (a, b, { alpha }) => {
    const gate = wide(a, a.dtype);
    return gate.mul(gate.mul(alpha).sigmoid()).mul(wide(b, b.dtype)).cast(a.dtype);
  },
  { attributes: { alpha: { type: "float", default: 1 } } },
);

export const doc: OperatorDoc = {
  summary: "A · sigmoid(alpha · A) · B, with broadcasting",
  dtypes: "float",
  opsets: [27, 28],
};
/** worst measured on wasm in f32: that of Swish */
export const tolerance: Tolerance = { relative: 8, absolute: 0 };
export const reference = /* @__PURE__ */ binaryReference((a, b, { alpha }) => (a / (1 + Math.exp(-alpha * a))) * b);
export const cases = (): readonly OperatorCase[] => [
  ...binaryCases(floats, [
    [-8, 8],
    [-2, 2],
  ]),
  ...binaryCases(
    ["f32"],
    [
      [-4, 4],
      [-2, 2],
    ],
    { alpha: 1.702 },
  ),
];
