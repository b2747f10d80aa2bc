// LpNormalization: each element by the p-norm of its row along an axis; rows of zeros stay zeros.
import type { Dtype } from "../ir/dtypes.js";
import { literal, where } from "../tile/index.js";
import { rowOf } from "./accumulate.js";
import { normalizeAxis } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { pNorm, requireNorm } from "./lp-pool.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { mapRows } from "./softmax.js";

export const operator: Operator = {
  name: "LpNormalization",
  inputs: ["input"],
  outputs: ["output"],
  attributes: { axis: { type: "int", default: -1 }, p: { type: "int", default: 2 } },
  shape: node => {
    requireNorm("LpNormalization", node);
    normalizeAxis("LpNormalization", node, node.attributes.axis, node.dims.input!.length);
    return { output: node.dims.input! };
  },
  at: context => ({
    output: (...i) => {
      const X = context.inputs.input!;
      const axis = normalizeAxis("LpNormalization", context, context.attributes.axis, X.rank);
      const { own, row, over } = rowOf(X, i, [axis]);
      const norm = pNorm(row, over, context.attributes.p);
      return own.mul(where(norm.eq(0), literal(norm.dtype, 1), norm).reciprocal()).cast(X.dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "Each element by the p-norm of its row along `axis`; rows of zeros stay zeros",
  dtypes: "float",
  opsets: [1, 22],
};
/** worst measured on wasm in f32: 1.11 ε */
export const tolerance: Tolerance = { relative: 3, absolute: 0 };

export const reference: Reference = (inputs, attributes) => ({
  output: mapRows(inputs.input!, { axis: attributes.axis ?? -1 }, 13, row => {
    const p = attributes.p ?? 2;
    const norm = row.reduce((sum, x) => sum + Math.abs(x) ** p, 0) ** (1 / p);
    return row.map(x => (norm === 0 ? 0 : x / norm));
  }),
});

const of = (dims: readonly number[], attributes: Attributes, dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}${Object.entries(attributes).map(([k, v]) => ` ${k}=${v}`)}`,
  attributes,
  inputs: { input: { dtype, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3, 17], {}, d)),
  of([2, 3, 5], { axis: 0, p: 1 }),
  of([2, 3, 5], { axis: 1 }),
  { name: "zeros", inputs: { input: { dtype: "f32", dims: [2, 2], data: [0, 0, 3, 4] } } },
];
