// PairedConv: a convolution whose channels come in pairs, as halves of 32-bit integers, added up in i32. An operator of this project: the pass
// pair-integers makes it of integer convolutions.
import { dotPairs } from "../../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { convolutionOfParts } from "./integer-product-references.js";
import { convolutionCase, convolutionOfWords } from "./word-products.js";

export const operator: Operator = /* @__PURE__ */ convolutionOfWords("PairedConv", dotPairs);

export const reference: Reference = ({ X, W }, attributes) => ({ Y: convolutionOfParts(16, X!, W!, attributes) });

const of = /* @__PURE__ */ convolutionCase("i32");
export const cases = (): readonly OperatorCase[] => [
  of("3×3", [1, 3, 7, 11], [5, 3, 3, 3], { pads: [1, 1, 1, 1] }),
  of("1×1", [2, 7, 5, 3], [4, 7, 1, 1]),
  of("1×1 of one pair", [1, 1, 5, 6], [4, 1, 1, 1]),
  of("stride 2", [1, 2, 9, 8], [19, 2, 3, 3], { strides: [2, 2], pads: [0, 1, 1, 0] }),
  of("one dim", [2, 3, 17], [4, 3, 5], { pads: [2, 1], dilations: [2] }),
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary:
    "A convolution of channels in pairs, halves of 32-bit integers, added up in i32: a part of integer convolutions",
  dtypes: "i32",
  opsets: [1, 1],
  limits: "made by the pass pair-integers; no groups",
};
