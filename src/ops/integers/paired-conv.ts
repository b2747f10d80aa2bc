// PairedConv: a convolution whose channels come in pairs, as halves of 32-bit integers, added up in i32. An operator of this project: the pass
// pair-integers makes it of integer convolutions.
import { dotPairs } from "../../tile/index.js";
import { convolutionDims, tapsAt } from "../conv.js";
import type { Attributes, Operand, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { convolutionOfPairs } from "./integer-product-references.js";
import { windowAttributes } from "../window.js";

export const operator: Operator = {
  name: "PairedConv",
  domain: "azulejo",
  inputs: ["X", "W"],
  outputs: ["Y"],
  prefers: "channels-last",
  attributes: { ...windowAttributes, group: { type: "int", default: 1 } },
  shape: node => ({ Y: convolutionDims("PairedConv", node) }),
  at: context => {
    const { X, W } = context.inputs as { X: Operand; W: Operand };
    return {
      Y: (...i) => {
        const { at, of, axes } = tapsAt("PairedConv", context, W, i);
        return dotPairs(X.at(...at), W.at(...of), ...axes);
      },
    };
  },
};

export const reference: Reference = ({ X, W }, attributes) => ({ Y: convolutionOfPairs(X!, W!, attributes) });

const of = (name: string, x: readonly number[], w: readonly number[], attributes: Attributes = {}): OperatorCase => ({
  name,
  attributes,
  inputs: {
    X: { dtype: "i32", dims: x, range: [-(2 ** 31), 2 ** 31 - 1] },
    W: { dtype: "i32", dims: w, range: [-(2 ** 31), 2 ** 31 - 1] },
  },
});
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
