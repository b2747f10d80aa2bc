// GRU: a hidden state with gates for updating and resetting. Gates lie in W, R and B in the order update, reset, hidden.
import type { AnyTile } from "../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { activationsOf, clipped, recurrentAttributes, recurrentDims } from "./recurrent.js";
import type { CellOf } from "./recurrent-kernel.js";
import { recurrentKernels } from "./recurrent-kernel.js";
import { recurrentCase, recurrentCases, recurrentReference } from "./recurrent-references.js";

/** of the gates, of the candidate for the hidden state */
const gateActivations = ["Sigmoid", "Tanh"] as const;

export const operator: Operator = {
  name: "GRU",
  inputs: ["X", "W", "R", "B?", "sequence_lens?", "initial_h?"],
  outputs: ["Y?", "Y_h?"],
  attributes: { ...recurrentAttributes, linear_before_reset: { type: "int", default: 0 } },
  dtypes: ({ dtypes }) => ({ Y: dtypes.X!, Y_h: dtypes.X! }),
  shape: node => {
    activationsOf("GRU", node, 0, gateActivations);
    const { Y, state } = recurrentDims("GRU", node, 3);
    return { Y, Y_h: state };
  },
  kernels: node => recurrentKernels(node, gruCell(node)),
};

export const gruCell: CellOf = node => ({
  op: "GRU",
  gates: 3,
  states: ["h"],
  step: (at, direction) => {
    const [f, g] = activationsOf("GRU", node, direction, gateActivations);
    const before = at.state[0]!;
    const bounded = (x: AnyTile): AnyTile => clipped(x, node.attributes.clip);
    const update = f!(bounded(at.input(0).add(at.hidden(0))));
    const reset = f!(bounded(at.input(1).add(at.hidden(1))));
    // the reset applies to the state, or to what the state's matrix made of it
    const held = node.attributes.linear_before_reset ? at.hidden(2).mul(reset) : at.hidden(2, before.mul(reset));
    const candidate = g!(bounded(at.input(2).add(held)));
    return [candidate.add(update.mul(before.sub(candidate)))];
  },
});

export const doc: OperatorDoc = {
  summary:
    "Gated recurrent unit over a sequence: forward, reverse or both, with initial state, lengths, clipping and any activations",
  dtypes: "float",
  opsets: [1, 22],
};
export const tolerance: Tolerance = { relative: 32, absolute: 32 };

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const reference: Reference = (inputs, attributes) =>
  recurrentReference(inputs, attributes, 3, ["h"], at => {
    const limit: number = attributes.clip || Infinity;
    const bound = (x: number): number => Math.min(Math.max(x, -limit), limit);
    const [z, r] = [0, 1].map(q => at.input(q).map((x, j) => sigmoid(bound(x + at.hidden(q)[j]!))));
    const held = attributes.linear_before_reset
      ? at.hidden(2).map((x, j) => x * r![j]!)
      : at.hidden(
          2,
          at.state[0]!.map((h, j) => h * r![j]!),
        );
    return [at.input(2).map((x, j) => (1 - z![j]!) * Math.tanh(bound(x + held[j]!)) + z![j]! * at.state[0]![j]!)];
  });

export const cases = (): readonly OperatorCase[] => [
  ...recurrentCases(3, ["h"]),
  ...recurrentCases(3, ["h"], { linear_before_reset: 1 }).slice(0, 4),
  recurrentCase("clip", 3, undefined, { clip: 0.3 }),
];
