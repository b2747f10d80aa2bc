// PairedMatMul: a matrix product whose rows and columns come in pairs, as halves of 32-bit integers, added up in i32. An operator of this
// project: the pass pair-integers makes it of integer products.
import { dotPairs } from "../../tile/index.js";
import { factorsAt, matMulDims } from "../mat-mul.js";
import type { CaseInput, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { productOfPairs } from "./integer-product-references.js";

export const operator: Operator = {
  name: "PairedMatMul",
  domain: "azulejo",
  inputs: ["A", "B"],
  outputs: ["Y"],
  shape: node => ({ Y: matMulDims("PairedMatMul", node, "A", "B") }),
  at: ({ inputs, outputs }) => ({
    Y: (...i) => {
      const { a, b, k } = factorsAt(inputs.A!, inputs.B!, i, outputs.Y!);
      return dotPairs(a, b, k);
    },
  }),
};

export const reference: Reference = ({ A, B }) => ({ Y: productOfPairs(A!, B!) });

const words = (dims: readonly number[]): CaseInput => ({ dtype: "i32", dims, range: [-(2 ** 31), 2 ** 31 - 1] });
const of = (name: string, a: readonly number[], b: readonly number[]): OperatorCase => ({
  name,
  inputs: { A: words(a), B: words(b) },
});
export const cases = (): readonly OperatorCase[] => [
  of("matrices", [5, 19], [19, 13]),
  of("one row", [1, 37], [37, 70]),
  of("batches", [2, 3, 7], [7, 4]),
  of("a vector", [9], [9, 3]),
  of("nothing to add up", [3, 0], [0, 2]),
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "A matrix product of pairs, halves of 32-bit integers, added up in i32: a part of integer products",
  dtypes: "i32",
  opsets: [1, 1],
  limits: "made by the pass pair-integers",
};
