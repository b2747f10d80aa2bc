// If: one of two graphs. Inference, partition and the program's own control flow look into the branches; an operator can't.
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "If",
  inputs: ["cond"],
  outputs: ["Y..."],
  attributes: { then_branch: { type: "graph", required: true }, else_branch: { type: "graph", required: true } },
  shape: () => ({}),
  host: { reason: "the partition makes a branch of the program of it" },
};

export const doc: OperatorDoc = {
  summary: "One of two graphs; a branch inside the program, without a trip through JavaScript",
  dtypes: "any",
  opsets: [1, 25],
};
