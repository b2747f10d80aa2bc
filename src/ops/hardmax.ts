// Hardmax: 1 at the first largest element along an axis, or since before opset 13 over all axes from `axis` on; 0 elsewhere.
import type { Dtype } from "../ir/dtypes.js";
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { rowOf } from "./accumulate.js";
import { floats } from "./elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { mapRows, softmaxAxes } from "./softmax.js";

export const operator: Operator = {
  name: "Hardmax",
  inputs: ["input"],
  outputs: ["output"],
  attributes: { axis: { type: "int" } },
  shape: node => {
    softmaxAxes("Hardmax", node);
    return { output: node.dims.input! };
  },
  at: context => ({
    output: (...i) => {
      const X = context.inputs.input!;
      const axes = softmaxAxes("Hardmax", context);
      const { row, over } = rowOf(X, i, axes);
      const number = (at: readonly AnyTile[]): AnyTile =>
        at.reduce(
          (sum, index, j) => (j === 0 ? index : sum.mul(X.dims[axes[j]!]!.size).add(index)),
          at[0] ?? literal("i32", 0),
        );
      const first = where(row.eq(row.max(...over)), number(over), 2 ** 31 - 1).min(...over);
      return number(axes.map(a => i[a]!))
        .eq(first)
        .cast(X.dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "1 at the first largest element along `axis`, 0 elsewhere; before opset 13 over all axes from `axis` on",
  dtypes: "float",
  opsets: [1, 13],
};
export const reference: Reference = (inputs, attributes, { opset }) => ({
  output: mapRows(inputs.input!, attributes, opset, row => {
    const first = row.indexOf(Math.max(...row));
    return row.map((_, j) => (j === first ? 1 : 0));
  }),
});

const of = (dims: readonly number[], axis?: number, opset?: number, dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}, axis ${axis}, opset ${opset ?? "newest"}`,
  ...(opset === undefined ? {} : { opset }),
  attributes: axis === undefined ? {} : { axis },
  inputs: { input: { dtype, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3, 17], undefined, undefined, d)),
  of([2, 3, 5], 1),
  of([2, 3, 5], undefined, 11),
  { name: "ties", inputs: { input: { dtype: "f32", dims: [1, 4], data: [1, 3, 3, 2] } } },
];
