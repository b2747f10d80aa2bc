// SoftmaxCrossEntropyLoss: the negative log-likelihood of a log-softmax over the classes.

import { lossAttributes, lossCases, lossDims, lossReference } from "./negative-log-likelihood-loss.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { mapRows } from "./softmax.js";

export const operator: Operator = {
  name: "SoftmaxCrossEntropyLoss",
  inputs: ["scores", "labels", "weights?"],
  outputs: ["output", "log_prob?"],
  attributes: lossAttributes,
  shape: node => ({
    output: lossDims("SoftmaxCrossEntropyLoss", node, "scores", "labels", "weights"),
    log_prob: node.dims.scores!,
  }),
  dtypes: ({ dtypes }) => ({ output: dtypes.scores!, log_prob: dtypes.scores! }),
  expand: ({ inputs, attributes }, build) => {
    const log = build.node("LogSoftmax", [inputs.scores], { axis: 1 });
    const output = build.node("NegativeLogLikelihoodLoss", [log, inputs.labels, inputs.weights], attributes);
    return { output, log_prob: log };
  },
};

export const doc: OperatorDoc = {
  summary: "The negative log-likelihood of the labels after a log-softmax over dim 1, which is the second output",
  dtypes: "float",
  opsets: [12, 13],
};
export const tolerance: Tolerance = { relative: 8, absolute: 8 };

export const reference: Reference = ({ scores, labels, weights }, attributes) => {
  const log = mapRows(scores!, { axis: 1 }, 13, row => {
    const largest = Math.max(...row);
    const sum = row.reduce((s, x) => s + Math.exp(x - largest), 0);
    return row.map(x => x - largest - Math.log(sum));
  });
  return { output: lossReference(log, labels!, weights, attributes), log_prob: log };
};

export const cases = (): readonly OperatorCase[] => lossCases("scores", "labels", "weights");
