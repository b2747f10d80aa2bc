// QuadMatMul: a matrix product whose rows and columns come in fours, as bytes of 32-bit words, signed in B and in i32 of A, added up in i32. An
// operator of this project: the pass pair-integers makes it of integer products, for targets that multiply bytes.
import { dotQuads } from "../../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { productOfParts } from "./integer-product-references.js";
import { matMulCases, matMulOfWords, signedBytes } from "./word-products.js";

export const operator: Operator = /* @__PURE__ */ matMulOfWords("QuadMatMul", dotQuads, signedBytes);

export const reference: Reference = ({ A, B }, attributes) => ({
  Y: productOfParts(8, A!, B!, attributes),
});

export const cases = (): readonly OperatorCase[] => [
  ...matMulCases("u32"),
  ...matMulCases("u32", { signed: 1 }),
  ...matMulCases("i32"),
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary:
    "A matrix product of fours, bytes of 32-bit words times signed ones, added up in i32: a part of integer products",
  dtypes: "u32 (unsigned bytes) or i32 (signed ones) times i32",
  opsets: [1, 1],
  limits: "made by the pass pair-integers",
};
