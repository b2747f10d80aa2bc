// LSTM: a hidden state and a cell, with gates for input, output and forgetting. Gates lie in W, R and B in the order input, output,
// forget, cell.
import type { AnyTile } from "../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { activationsOf, clipped, recurrentAttributes, recurrentDims } from "./recurrent.js";
import type { CellOf } from "./recurrent-kernel.js";
import { recurrentKernels } from "./recurrent-kernel.js";
import { recurrentCase, recurrentCases, recurrentReference } from "./recurrent-references.js";
import { elements } from "./reference-tensors.js";

/** of the gates, of what goes into the cell, of what comes out of it */
const gateActivations = ["Sigmoid", "Tanh", "Tanh"] as const;

export const operator: Operator = {
  name: "LSTM",
  inputs: ["X", "W", "R", "B?", "sequence_lens?", "initial_h?", "initial_c?", "P?"],
  outputs: ["Y?", "Y_h?", "Y_c?"],
  attributes: { ...recurrentAttributes, input_forget: { type: "int", default: 0 } },
  dtypes: ({ dtypes }) => ({ Y: dtypes.X!, Y_h: dtypes.X!, Y_c: dtypes.X! }),
  shape: node => {
    activationsOf("LSTM", node, 0, gateActivations);
    const { Y, state } = recurrentDims("LSTM", node, 4);
    return { Y, Y_h: state, Y_c: state };
  },
  kernels: node => recurrentKernels(node, lstmCell(node)),
};

export const lstmCell: CellOf = node => ({
  op: "LSTM",
  gates: 4,
  states: ["h", "c"],
  step: (at, direction) => {
    const [f, g, h] = activationsOf("LSTM", node, direction, gateActivations);
    const memory = at.state[1]!;
    const gate = (q: number): AnyTile => at.input(q).add(at.hidden(q));
    const bounded = (x: AnyTile): AnyTile => clipped(x, node.attributes.clip);
    // the peepholes of input, output and forget gate look at the cell: the output gate at the new one
    const looking = (q: number, c: AnyTile): AnyTile => {
      const weight = at.peephole(q);
      return bounded(weight ? gate(q).add(weight.mul(c)) : gate(q));
    };
    const input = f!(looking(0, memory));
    // coupled gates forget as much as they let in
    const forget = node.attributes.input_forget === 1 ? input.neg().add(1) : f!(looking(2, memory));
    const next = forget.mul(memory).add(input.mul(g!(bounded(gate(3)))));
    return [f!(looking(1, next)).mul(h!(next)), next];
  },
});

export const doc: OperatorDoc = {
  summary:
    "Long short-term memory over a sequence: forward, reverse or both, with peepholes, initial states, lengths, clipping and any activations",
  dtypes: "float",
  opsets: [1, 22],
};
export const tolerance: Tolerance = { relative: 32, absolute: 32 };

const referenceActivations: Readonly<Record<string, (x: number, alpha: number | undefined) => number>> = {
  sigmoid: x => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  relu: x => Math.max(x, 0),
  leakyrelu: (x, alpha = 0.01) => (x >= 0 ? x : alpha * x),
};

export const reference: Reference = (inputs, attributes) => {
  const P = inputs.P && elements(inputs.P);
  const limit: number = attributes.clip || Infinity;
  const act = (d: number, which: number, v: number): number => {
    const name: string = attributes.activations?.[d * 3 + which] ?? gateActivations[which];
    const bounded = Math.max(-limit, Math.min(limit, v));
    return referenceActivations[name.toLowerCase()]!(which === 2 ? v : bounded, attributes.activation_alpha?.[0]);
  };
  return recurrentReference(inputs, attributes, 4, ["h", "c"], at => {
    const d = at.direction;
    const [, memory] = at.state;
    const gate = (q: number): number[] => at.input(q).map((x, j) => x + at.hidden(q)[j]!);
    const looking = (q: number, c: readonly number[]): number[] =>
      gate(q).map((x, j) => act(d, 0, x + (P ? Number(P([d, q * c.length + j])) * c[j]! : 0)));
    const input = looking(0, memory!);
    const forget = attributes.input_forget === 1 ? input.map(x => 1 - x) : looking(2, memory!);
    const next = gate(3).map((x, j) => forget[j]! * memory![j]! + input[j]! * act(d, 1, x));
    return [looking(1, next).map((o, j) => o * act(d, 2, next[j]!)), next];
  });
};

const everything = ["B", "sequence_lens", "initial_h", "initial_c", "P"];
export const cases = (): readonly OperatorCase[] => [
  ...recurrentCases(4, ["h", "c"]),
  recurrentCase("peepholes", 4, undefined, { direction: "bidirectional" }, everything),
  recurrentCase("peepholes, layout 1", 4, undefined, { layout: 1 }, everything),
  recurrentCase("coupled gates", 4, undefined, { input_forget: 1 }),
  recurrentCase("clip", 4, undefined, { clip: 0.3 }),
  recurrentCase("activations", 4, undefined, {
    activations: ["Sigmoid", "Relu", "LeakyRelu"],
    activation_alpha: [0.2],
  }),
];
