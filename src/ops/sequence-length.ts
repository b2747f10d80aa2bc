// SequenceLength: how many tensors a sequence holds.
import type { HostValue } from "../runtime/host-value.js";
import { int64 } from "./host-tensors.js";
import { tensorType } from "./host-types.js";
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "SequenceLength",
  inputs: ["input_sequence"],
  outputs: ["length"],
  shape: () => ({}),
  host: {
    reason: "sequences live on the host",
    types: () => ({ length: tensorType("i64", []) }),
    run: ({ input_sequence }) => ({ length: int64([(input_sequence as readonly HostValue[]).length], []) }),
  },
};

export const doc: OperatorDoc = { summary: "How many tensors a sequence holds", dtypes: "any", opsets: [11, 11] };
