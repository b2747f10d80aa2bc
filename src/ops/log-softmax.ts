// LogSoftmax: the logarithm of a softmax, as x − max − log Σ e^(x − max).
import type { Dtype } from "../ir/dtypes.js";
import { rowOf } from "./accumulate.js";
import { floats } from "./elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { mapRows, softmaxAxes } from "./softmax.js";

export const operator: Operator = {
  name: "LogSoftmax",
  inputs: ["input"],
  outputs: ["output"],
  // the default is 1 before opset 13 and −1 since
  attributes: { axis: { type: "int" } },
  shape: node => {
    softmaxAxes("LogSoftmax", node);
    return { output: node.dims.input! };
  },
  at: context => ({
    output: (...i) => {
      const X = context.inputs.input!;
      const { own, row, over } = rowOf(X, i, softmaxAxes("LogSoftmax", context));
      const largest = row.max(...over);
      const sum = row
        .sub(largest)
        .exp()
        .sum(...over);
      return own.sub(largest).sub(sum.log()).cast(X.dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "The logarithm of Softmax",
  dtypes: "float",
  opsets: [1, 13],
};
/** worst measured on wasm in f32: 1.04 ε of the input */
export const tolerance: Tolerance = { relative: 2, absolute: 2 };

export const reference: Reference = (inputs, attributes, { opset }) => ({
  output: mapRows(inputs.input!, attributes, opset, row => {
    const largest = Math.max(...row);
    const sum = row.reduce((s, x) => s + Math.exp(x - largest), 0);
    return row.map(x => x - largest - Math.log(sum));
  }),
});

const of = (dims: readonly number[], axis?: number, opset?: number, dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}, axis ${axis}, opset ${opset ?? "newest"}`,
  ...(opset === undefined ? {} : { opset }),
  attributes: axis === undefined ? {} : { axis },
  inputs: { input: { dtype, dims, range: [-8, 8] } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3, 17], undefined, undefined, d)),
  of([1]),
  of([2, 3, 5], 0),
  of([2, 3, 5], -2),
  of([0, 5]),
  of([2, 3, 5], undefined, 11),
];
