// AttentionWeights: a softmax over the last dim in which rows that are −∞ throughout become zeros. An operator of this project:
// Attention and its kin expand to it.
import type { Dtype } from "../ir/dtypes.js";
import { lowest } from "../tile/index.js";
import { rowOf } from "./accumulate.js";
import { normalizeAxis } from "./checks.js";
import { dtypeOfOnnx, onnxDtypes } from "./onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { mapRows } from "./softmax.js";

export const operator: Operator = {
  name: "AttentionWeights",
  domain: "azulejo",
  inputs: ["S"],
  outputs: ["P"],
  /** the dtype of the result, as ONNX counts them; absent: that of S */
  attributes: { to: { type: "int" } },
  dtypes: node => {
    const { to } = node.attributes;
    return { P: to === undefined ? node.dtypes.S! : dtypeOfOnnx("AttentionWeights", node, to) };
  },
  shape: node => {
    normalizeAxis("AttentionWeights", node, -1, node.dims.S!.length);
    return { P: node.dims.S! };
  },
  at: context => ({
    P: (...i) => {
      const S = context.inputs.S!;
      const { own, row, over } = rowOf(S, i, [S.rank - 1]);
      const largest = row.max(...over).maximum(lowest(row.dtype as "f32"));
      const e = row.sub(largest).exp();
      const here = own === row ? e : own.sub(largest).exp();
      // the largest element adds 1, so that the sum is below that only where all are masked
      const sum = e.sum(...over).maximum(1);
      return here.mul(sum.reciprocal()).cast(operator.dtypes!(context).P as Dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "Softmax over the last dim; rows of −∞ become zeros: a part of Attention and its kin",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 16, absolute: 1 };

export function weightsOfRow(row: readonly number[]): readonly number[] {
  const largest = Math.max(...row);
  if (largest === -Infinity) return row.map(() => 0);
  const e = row.map(x => Math.exp(x - largest));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map(x => x / sum);
}

export const reference: Reference = ({ S }, { to }) => ({
  P: { ...mapRows(S!, {}, 13, weightsOfRow), dtype: to === undefined ? S!.dtype : onnxDtypes[to]! },
});

const of = (dims: readonly number[], more: object = {}): OperatorCase => ({
  name: `${dims.join("×")} ${Object.keys(more).join()}`,
  inputs: { S: { dtype: "f32", dims, range: [-8, 8], ...more } },
});
const no = -Infinity;
export const cases = (): readonly OperatorCase[] => [
  of([2, 3, 17]),
  of([3, 1]),
  of([2, 0]),
  of([3, 3], { data: [no, 1, 2, no, no, no, no, no, 5] }),
  of([3, 7], { dtype: "f64" }),
  { ...of([3, 7]), name: "to f16", attributes: { to: 10 } },
];
