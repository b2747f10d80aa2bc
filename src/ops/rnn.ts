// RNN: the simple recurrent layer, h = f(x · W + h · R + bias).
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { activationsOf, clipped, recurrentAttributes, recurrentDims } from "./recurrent.js";
import type { CellOf } from "./recurrent-kernel.js";
import { recurrentKernels } from "./recurrent-kernel.js";
import { recurrentCase, recurrentCases, recurrentReference } from "./recurrent-references.js";

export const operator: Operator = {
  name: "RNN",
  inputs: ["X", "W", "R", "B?", "sequence_lens?", "initial_h?"],
  outputs: ["Y?", "Y_h?"],
  attributes: recurrentAttributes,
  dtypes: ({ dtypes }) => ({ Y: dtypes.X!, Y_h: dtypes.X! }),
  shape: node => {
    activationsOf("RNN", node, 0, ["Tanh"]);
    const { Y, state } = recurrentDims("RNN", node, 1);
    return { Y, Y_h: state };
  },
  kernels: node => recurrentKernels(node, rnnCell(node)),
};

export const rnnCell: CellOf = node => ({
  op: "RNN",
  gates: 1,
  states: ["h"],
  step: (at, direction) => {
    const [f] = activationsOf("RNN", node, direction, ["Tanh"]);
    return [f!(clipped(at.input(0).add(at.hidden(0)), node.attributes.clip))];
  },
});

export const doc: OperatorDoc = {
  summary:
    "Simple recurrent layer over a sequence: forward, reverse or both, with initial state, lengths, clipping and any activation",
  dtypes: "float",
  opsets: [1, 22],
};
export const tolerance: Tolerance = { relative: 32, absolute: 32 };

export const reference: Reference = (inputs, attributes) =>
  recurrentReference(inputs, attributes, 1, ["h"], at => {
    const limit: number = attributes.clip || Infinity;
    return [at.input(0).map((x, j) => Math.tanh(Math.min(Math.max(x + at.hidden(0)[j]!, -limit), limit)))];
  });

export const cases = (): readonly OperatorCase[] => [
  ...recurrentCases(1, ["h"]),
  recurrentCase("clip", 1, undefined, { clip: 0.3 }),
];
