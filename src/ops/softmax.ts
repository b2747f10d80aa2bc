// Softmax: eˣ over its sum along an axis, or since before opset 13 over all axes from `axis` on. The largest element is taken off first; one
// division a row.
import type { Dtype } from "../ir/dtypes.js";
import { rowOf } from "./accumulate.js";
import { axesFrom } from "./axes.js";
import { normalizeAxis } from "./checks.js";
import { floats } from "./elementwise-references.js";
import type {
  Attributes,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "./operator.js";
import { numbersOf, sizeOf } from "./reference-tensors.js";

export const operator: Operator = {
  name: "Softmax",
  inputs: ["input"],
  outputs: ["output"],
  // the default is 1 before opset 13 and −1 since
  attributes: { axis: { type: "int" } },
  shape: node => {
    softmaxAxes("Softmax", node);
    return { output: node.dims.input! };
  },
  at: context => ({
    output: (...i) => {
      const X = context.inputs.input!;
      const { own, row, over } = rowOf(X, i, softmaxAxes("Softmax", context));
      const largest = row.max(...over);
      const e = row.sub(largest).exp();
      const here = own === row ? e : own.sub(largest).exp();
      return here.mul(e.sum(...over).reciprocal()).cast(X.dtype);
    },
  }),
};

/** The axes of a row. */
export function softmaxAxes(op: string, node: NodeInfo): readonly number[] {
  const rank = node.dims.input!.length;
  const given = (node.attributes.axis as number | undefined) ?? (node.opset < 13 ? 1 : -1);
  if (node.opset >= 13) return [normalizeAxis(op, node, given, rank)];
  // the old form flattens to two dims; an axis behind the last leaves rows of one element
  return axesFrom(given === rank ? rank : normalizeAxis(op, node, given, rank), rank);
}

export const doc: OperatorDoc = {
  summary:
    "e to the power of each element, by the sum of those along `axis`; before opset 13 along all axes from `axis` on",
  dtypes: "float",
  opsets: [1, 13],
};
export const tolerance: Tolerance = { relative: 16, absolute: 1 };

/** Rows of a tensor as a softmax sees them, each handed to `f` and written back. */
export function mapRows(
  X: ReferenceTensor,
  attributes: Attributes,
  opset: number,
  f: (row: readonly number[]) => readonly number[],
): ReferenceTensor {
  const rank = X.dims.length;
  const given = attributes.axis ?? (opset < 13 ? 1 : -1);
  const first = given < 0 ? given + rank : given;
  const last = opset < 13 ? rank : first + 1;
  const [outer, length, inner] = [
    sizeOf(X.dims.slice(0, first)),
    sizeOf(X.dims.slice(first, last)),
    sizeOf(X.dims.slice(last)),
  ];
  const data = numbersOf(X);
  for (let o = 0; o < outer; o++)
    for (let k = 0; k < inner; k++) {
      const place = (j: number): number => (o * length + j) * inner + k;
      const row = f(Array.from({ length }, (_, j) => data[place(j)]!));
      row.forEach((v, j) => {
        data[place(j)] = v;
      });
    }
  return { dtype: X.dtype, dims: X.dims, data };
}

export const reference: Reference = (inputs, attributes, { opset }) => ({
  output: mapRows(inputs.input!, attributes, opset, row => {
    const largest = Math.max(...row);
    const e = row.map(x => Math.exp(x - largest));
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map(x => x / sum);
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
  of([2, 3, 5], 1),
  of([2, 3, 5], -2),
  of([0, 5]),
  of([3, 1]),
  of([2, 3, 5], undefined, 11),
  of([2, 3, 5], 2, 11),
  of([2, 3, 5], 0, 11),
];
