// QuadConv: a convolution whose channels come in fours, as bytes of 32-bit words, signed in W and in i32 of X, added up in i32. An operator of this
// project: the pass pair-integers makes it of integer convolutions, for targets that multiply bytes.
import { dotQuads } from "../../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { convolutionOfParts } from "./integer-product-references.js";
import { convolutionCase, convolutionOfWords, signedBytes } from "./word-products.js";

export const operator: Operator = /* @__PURE__ */ convolutionOfWords("QuadConv", dotQuads, {
  // the byte outside of X
  fill: { type: "int", default: 0 },
  ...signedBytes,
});

export const reference: Reference = ({ X, W }, attributes) => ({ Y: convolutionOfParts(8, X!, W!, attributes) });

const of = /* @__PURE__ */ convolutionCase("u32");
const ofSigned = /* @__PURE__ */ convolutionCase("i32");
export const cases = (): readonly OperatorCase[] => [
  of("3×3", [1, 3, 7, 11], [5, 3, 3, 3], { pads: [1, 1, 1, 1] }),
  of("3×3 with 200 outside", [1, 2, 7, 11], [5, 2, 3, 3], { pads: [1, 1, 1, 1], fill: 200 }),
  of("1×1", [2, 7, 5, 3], [4, 7, 1, 1]),
  of("1×1 of four bytes", [1, 1, 5, 6], [4, 1, 1, 1]),
  of("stride 2", [1, 2, 9, 8], [19, 2, 3, 3], { strides: [2, 2], pads: [0, 1, 1, 0], fill: 3 }),
  of("3×3 of bytes that count 128 less, 200 outside", [1, 2, 7, 11], [5, 2, 3, 3], {
    ...{ pads: [1, 1, 1, 1], fill: 200, signed: 1 },
  }),
  ofSigned("3×3 of signed bytes, −7 outside", [1, 2, 7, 11], [5, 2, 3, 3], { pads: [1, 1, 1, 1], fill: -7 }),
  of("one dim", [2, 3, 17], [4, 3, 5], { pads: [2, 1], dilations: [2] }),
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary:
    "A convolution of channels in fours, bytes of 32-bit words times signed ones, added up in i32: a part of integer convolutions",
  dtypes: "u32 (unsigned bytes) or i32 (signed ones) times i32",
  opsets: [1, 1],
  limits: "made by the pass pair-integers; no groups",
};
