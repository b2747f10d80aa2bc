// QuadMatMul: a matrix product whose rows and columns come in fours, as bytes of 32-bit words, unsigned in A and signed in B, added up in i32. An
// operator of this project: the pass pair-integers makes it of integer products, for targets that multiply bytes.
import { dotQuads } from "../../tile/index.js";
import { productOfQuads } from "./integer-product-references.js";
import { factorsAt, matMulDims } from "../mat-mul.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";

export const operator: Operator = {
  name: "QuadMatMul",
  domain: "azulejo",
  inputs: ["A", "B"],
  outputs: ["Y"],
  dtypes: () => ({ Y: "i32" }),
  shape: node => ({ Y: matMulDims("QuadMatMul", node, "A", "B") }),
  at: ({ inputs, outputs }) => ({
    Y: (...i) => {
      const { a, b, k } = factorsAt(inputs.A!, inputs.B!, i, outputs.Y!);
      return dotQuads(a, b, k);
    },
  }),
};

export const reference: Reference = ({ A, B }) => ({ Y: productOfQuads(A!, B!) });

const of = (name: string, a: readonly number[], b: readonly number[]): OperatorCase => ({
  name,
  inputs: {
    A: { dtype: "u32", dims: a, range: [0, 2 ** 32 - 1] },
    B: { dtype: "i32", dims: b, range: [-(2 ** 31), 2 ** 31 - 1] },
  },
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
  summary:
    "A matrix product of fours, bytes of 32-bit words, unsigned times signed, added up in i32: a part of integer products",
  dtypes: "u32 times i32",
  opsets: [1, 1],
  limits: "made by the pass pair-integers",
};
