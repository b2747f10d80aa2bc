// Optional: a value that may be absent, made of one or of nothing.
import { optionalOf, plain, unknown } from "./host-types.js";
import type { ValueType } from "../graph/graph.js";
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "Optional",
  inputs: ["input?"],
  outputs: ["output"],
  attributes: { type: { type: "type" } },
  shape: () => ({}),
  host: {
    reason: "optionals live on the host",
    types: ({ types, attributes }) => {
      const declared = (attributes.type as { type: ValueType } | undefined)?.type;
      return { output: optionalOf(types.input ? plain(types.input) : (declared ?? unknown)) };
    },
    run: ({ input }) => ({ output: input }),
  },
};

export const doc: OperatorDoc = { summary: "A value that may be absent", dtypes: "any", opsets: [15, 28] };
