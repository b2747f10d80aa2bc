// OptionalGetElement: what an optional holds; what is no optional is given back.
import { refuse } from "./checks.js";
import { elementType, pickedType, plain } from "./host-types.js";
import type { Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "OptionalGetElement",
  inputs: ["input"],
  outputs: ["output"],
  shape: () => ({}),
  host: {
    reason: "optionals live on the host",
    types: node => {
      const input = node.types.input!;
      if (input.container?.kind !== "optional") return { output: plain(input) };
      return { output: pickedType(node, "output", elementType(input)) };
    },
    run: ({ input }, node) => {
      if (input === undefined)
        refuse("input", "OptionalGetElement", node, "its optional is empty; ask OptionalHasElement before");
      return { output: input };
    },
  },
};

export const doc: OperatorDoc = { summary: "What an optional holds", dtypes: "any", opsets: [15, 28] };
