// SequenceAt: the tensor at a position of a sequence.
import type { HostValue } from "../runtime/host-value.js";
import { elementType, pickedType } from "./host-types.js";
import type { Operator, OperatorDoc } from "./operator.js";
import { positionOf } from "./sequence-positions.js";

export const operator: Operator = {
  name: "SequenceAt",
  inputs: ["input_sequence", "position"],
  outputs: ["tensor"],
  shape: () => ({}),
  host: {
    reason: "sequences live on the host",
    types: node => ({ tensor: pickedType(node, "tensor", elementType(node.types.input_sequence)) }),
    run: ({ input_sequence, position }, node) => {
      const list = input_sequence as readonly HostValue[];
      return { tensor: list[positionOf("SequenceAt", node, position, list.length, list.length - 1, 0)] };
    },
  },
};

export const doc: OperatorDoc = { summary: "The tensor at a position of a sequence", dtypes: "any", opsets: [11, 11] };
