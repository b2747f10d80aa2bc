// SequenceInsert: a sequence with one more tensor, at a position or at the end.
import type { HostValue } from "../runtime/host-value.js";
import { commonType, elementType, sequenceOf } from "./host-types.js";
import type { Operator, OperatorDoc } from "./operator.js";
import { positionOf } from "./sequence-positions.js";

export const operator: Operator = {
  name: "SequenceInsert",
  inputs: ["input_sequence", "tensor", "position?"],
  outputs: ["output_sequence"],
  shape: () => ({}),
  host: {
    reason: "sequences live on the host",
    types: ({ types }) => ({
      output_sequence: sequenceOf(commonType([elementType(types.input_sequence), types.tensor!])),
    }),
    run: ({ input_sequence, tensor, position }, node) => {
      const list = input_sequence as readonly HostValue[];
      const at = positionOf("SequenceInsert", node, position, list.length, list.length, list.length);
      return { output_sequence: [...list.slice(0, at), tensor, ...list.slice(at)] };
    },
  },
};

export const doc: OperatorDoc = { summary: "A sequence with one more tensor", dtypes: "any", opsets: [11, 11] };
