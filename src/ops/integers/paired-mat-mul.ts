// PairedMatMul: a matrix product whose rows and columns come in pairs, as halves of 32-bit integers, added up in i32. An operator of this
// project: the pass pair-integers makes it of integer products.
import { dotPairs } from "../../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { productOfParts } from "./integer-product-references.js";
import { matMulCases, matMulOfWords } from "./word-products.js";

export const operator: Operator = /* @__PURE__ */ matMulOfWords("PairedMatMul", dotPairs);

export const reference: Reference = ({ A, B }) => ({ Y: productOfParts(16, A!, B!) });

export const cases = (): readonly OperatorCase[] => matMulCases("i32");
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "A matrix product of pairs, halves of 32-bit integers, added up in i32: a part of integer products",
  dtypes: "i32",
  opsets: [1, 1],
  limits: "made by the pass pair-integers",
};
