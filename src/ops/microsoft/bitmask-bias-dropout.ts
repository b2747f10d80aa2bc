// BitmaskBiasDropout of com.microsoft: BiasDropout whose mask is packed, 32 elements to a word.
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import * as plain from "./bias-dropout.js";
import { packedMask, packedMaskReference, wordsOf } from "./bitmask-dropout.js";

const op = "BitmaskBiasDropout";

export const operator: Operator = {
  ...plain.operator,
  name: op,
  dtypes: ({ dtypes }) => ({ output: dtypes.data!, mask: "u32" }),
  shape: node => {
    const output = plain.biasDropoutDims(op, node);
    return { output, mask: [wordsOf(output)] };
  },
  expand: (node, build) => {
    const [output, mask] = plain.biasDropout(node, build);
    return { output, ...(node.wanted.includes("mask") ? { mask: packedMask(build, mask) } : {}) };
  },
};

export const doc: OperatorDoc = {
  summary: "Dropout of data + bias, plus a residual, with a mask of 32 elements to a word",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = plain.tolerance;
export const reference: Reference = (inputs, attributes, node) => {
  const { output, mask } = plain.reference(inputs, attributes, node);
  return { output: output!, mask: packedMaskReference(mask!) };
};
export const cases = (): readonly OperatorCase[] => plain.cases();
