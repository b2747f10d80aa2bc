// CDist of com.microsoft: distances between the rows of two matrices.
import { requireEqual } from "../broadcast.js";
import { printDims, requireOneOf, requireRanks } from "../checks.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";

const op = "CDist";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["A", "B"],
  outputs: ["C"],
  attributes: { metric: { type: "string", default: "sqeuclidean" } },
  shape: node => {
    requireOneOf(op, node, "metric", ["euclidean", "sqeuclidean"]);
    requireRanks(op, node, { A: [2], B: [2] });
    const [A, B] = [node.dims.A!, node.dims.B!];
    requireEqual(op, node, A[1]!, B[1]!, `rows of ${printDims(A)} and of ${printDims(B)} must be equally long`);
    return { C: [A[0]!, B[0]!] };
  },
  at: ({ inputs, attributes }) => ({
    C: (m, k) => {
      const n = inputs.A!.dims[1]!.all("n");
      const difference = inputs.A!.at(m!, n).sub(inputs.B!.at(k!, n));
      const square = difference.mul(difference).sum(n);
      return attributes.metric === "euclidean" ? square.sqrt() : square;
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "Distances between the rows of two matrices, or their squares",
  dtypes: "f32 or f64",
  opsets: [1, 1],
  limits: "metrics euclidean and sqeuclidean, which are those of ONNX Runtime",
};
/** a sum of squares */
export const tolerance: Tolerance = { relative: 8, absolute: 2 };

export const reference: Reference = ({ A, B }, { metric = "sqeuclidean" }) => {
  const [a, b] = [elements(A!), elements(B!)];
  const C = tabulate(A!.dtype, [A!.dims[0]!, B!.dims[0]!], ([m, k]) => {
    let sum = 0;
    for (let n = 0; n < A!.dims[1]!; n++) sum += (Number(a([m!, n])) - Number(b([k!, n]))) ** 2;
    return metric === "euclidean" ? Math.sqrt(sum) : sum;
  });
  return { C };
};

const of = (metric: string, m: number, k: number, n: number, dtype: "f32" | "f64" = "f32"): OperatorCase => ({
  name: `${dtype} ${metric}, ${m} and ${k} rows of ${n}`,
  attributes: { metric },
  inputs: { A: { dtype, dims: [m, n] }, B: { dtype, dims: [k, n] } },
});
export const cases = (): readonly OperatorCase[] => [
  of("sqeuclidean", 5, 7, 17),
  of("euclidean", 5, 7, 17),
  of("euclidean", 3, 1, 4, "f64"),
  of("sqeuclidean", 0, 3, 4),
];
