// SequenceConstruct: its inputs as a sequence.
import { commonType, sequenceOf } from "./host-types.js";
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "SequenceConstruct",
  inputs: ["inputs..."],
  outputs: ["output_sequence"],
  shape: () => ({}),
  host: {
    reason: "sequences live on the host",
    types: node => ({ output_sequence: sequenceOf(commonType(node.present.map(name => node.types[name]!))) }),
    run: (inputs, node) => ({ output_sequence: node.present.map(name => inputs[name]) }),
  },
};

export const doc: OperatorDoc = { summary: "Its inputs as a sequence", dtypes: "any", opsets: [11, 11] };
