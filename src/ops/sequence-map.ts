// SequenceMap: a body over elements of sequences. Inference, the cut and the executors look into it.
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "SequenceMap",
  inputs: ["input_sequence", "additional_inputs..."],
  outputs: ["out_sequence..."],
  attributes: { body: { type: "graph", required: true } },
  shape: () => ({}),
  host: { reason: "sequences live on the host" },
};

export const doc: OperatorDoc = {
  summary: "Runs a body over the elements of sequences",
  dtypes: "any",
  opsets: [17, 17],
};
