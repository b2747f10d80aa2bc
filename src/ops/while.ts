// While: a body that runs as long as a condition holds; what Loop and Scan of fixed dims become. An operator of this project. The
// partition makes a loop of the program of it.
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "While",
  domain: "azulejo",
  inputs: ["condition", "states..."],
  outputs: ["results..."],
  attributes: { body: { type: "graph", required: true } },
  shape: () => ({}),
  host: { reason: "the partition makes a loop of the program of it" },
};

export const doc: OperatorDoc = {
  summary: "A body that runs as long as a condition holds, inside the program: what Loop and Scan of fixed dims become",
  dtypes: "any",
  opsets: [1, 1],
};
