// OptionalHasElement: is there anything?
import { bool } from "./host-tensors.js";
import { tensorType } from "./host-types.js";
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "OptionalHasElement",
  inputs: ["input?"],
  outputs: ["output"],
  shape: () => ({}),
  host: {
    reason: "optionals live on the host",
    types: () => ({ output: tensorType("bool", []) }),
    run: ({ input }) => ({ output: bool([input !== undefined], []) }),
  },
};

export const doc: OperatorDoc = { summary: "Whether an optional holds something", dtypes: "any", opsets: [15, 28] };
