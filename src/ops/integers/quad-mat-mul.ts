// QuadMatMul: a matrix product whose rows and columns come in fours, as bytes of 32-bit words, unsigned in A and signed in B, added up in i32. An
// operator of this project: the pass pair-integers makes it of integer products, for targets that multiply bytes.
import { dotQuads } from "../../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { productOfParts } from "./integer-product-references.js";
import { matMulCases, matMulOfWords } from "./word-products.js";

export const operator: Operator = /* @__PURE__ */ matMulOfWords("QuadMatMul", dotQuads);

export const reference: Reference = ({ A, B }) => ({ Y: productOfParts(8, A!, B!) });

export const cases = (): readonly OperatorCase[] => matMulCases("u32");
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary:
    "A matrix product of fours, bytes of 32-bit words, unsigned times signed, added up in i32: a part of integer products",
  dtypes: "u32 times i32",
  opsets: [1, 1],
  limits: "made by the pass pair-integers",
};
