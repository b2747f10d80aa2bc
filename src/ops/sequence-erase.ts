// SequenceErase: a sequence without the tensor at a position, or without the last.
import type { HostValue } from "../runtime/host-value.js";
import { plain } from "./host-types.js";
import type { Operator, OperatorDoc } from "./operator.js";
import { positionOf } from "./sequence-positions.js";

export const operator: Operator = {
  name: "SequenceErase",
  inputs: ["input_sequence", "position?"],
  outputs: ["output_sequence"],
  shape: () => ({}),
  host: {
    reason: "sequences live on the host",
    types: ({ types }) => ({ output_sequence: plain(types.input_sequence!) }),
    run: ({ input_sequence, position }, node) => {
      const list = input_sequence as readonly HostValue[];
      const last = list.length - 1;
      const at = positionOf("SequenceErase", node, position, list.length, last, last);
      return { output_sequence: list.filter((_, i) => i !== at) };
    },
  },
};

export const doc: OperatorDoc = { summary: "A sequence with one tensor less", dtypes: "any", opsets: [11, 11] };
