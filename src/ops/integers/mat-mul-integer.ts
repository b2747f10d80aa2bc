// MatMulInteger: the matrix product of 8-bit integers less their zero points, in i32.
import type { Dtype } from "../../ir/dtypes.js";
import { integerProductReference } from "./integer-product-references.js";
import { checkProductParameter, integerProduct } from "./integer-products.js";
import { matMulDims } from "../mat-mul.js";
import type { CaseInput, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";

const name = "MatMulInteger";

export const operator: Operator = {
  name,
  inputs: ["A", "B", "a_zero_point?", "b_zero_point?"],
  outputs: ["Y"],
  dtypes: () => ({ Y: "i32" }),
  shape: node => {
    checkProductParameter(name, node, "a_zero_point", "A", "rows");
    checkProductParameter(name, node, "b_zero_point", "B", "columns");
    return { Y: matMulDims(name, node, "A", "B") };
  },
  at: context => ({
    Y: (...i) => integerProduct(context, ["A", "a_zero_point"], ["B", "b_zero_point"], i, context.outputs.Y!),
  }),
};

export const reference: Reference = ({ A, B, a_zero_point, b_zero_point }) => ({
  Y: integerProductReference(A!, B!, a_zero_point, b_zero_point),
});

const full = (dtype: Dtype, dims: readonly number[]): CaseInput => ({
  dtype,
  dims,
  range: dtype === "u8" ? [0, 255] : [-128, 127],
});
const kinds = [
  ["u8", "u8"],
  ["u8", "i8"],
  ["i8", "u8"],
  ["i8", "i8"],
] as const;
export const cases = (): readonly OperatorCase[] => [
  ...kinds.map(
    ([a, b]): OperatorCase => ({
      name: `${a} by ${b}`,
      inputs: { A: full(a, [5, 19]), B: full(b, [19, 13]), a_zero_point: full(a, []), b_zero_point: full(b, [1]) },
    }),
  ),
  {
    name: "a zero point for each row and column",
    inputs: {
      A: full("u8", [5, 7]),
      B: full("i8", [7, 9]),
      a_zero_point: full("u8", [5]),
      b_zero_point: full("i8", [9]),
    },
  },
  {
    name: "zero points of all dims",
    inputs: {
      A: full("u8", [2, 5, 7]),
      B: full("u8", [2, 7, 3]),
      a_zero_point: full("u8", [2, 5, 1]),
      b_zero_point: full("u8", [2, 1, 3]),
    },
  },
  { name: "no zero points, batches", inputs: { A: full("u8", [2, 1, 5, 7]), B: full("i8", [3, 7, 4]) } },
  { name: "no zero points, vectors", inputs: { A: full("i8", [300]), B: full("i8", [300]) } },
  { name: "nothing to add up", inputs: { A: full("u8", [3, 0]), B: full("u8", [0, 2]), a_zero_point: full("u8", []) } },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "The matrix product of A less a_zero_point and B less b_zero_point, added up in i32",
  dtypes: "i8 and u8",
  opsets: [10, 10],
};
