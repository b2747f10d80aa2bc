// SequenceEmpty: a sequence of nothing.
import { sequenceOf, tensorType } from "./host-types.js";
import { dtypeOfOnnx } from "./onnx-dtypes.js";
import { textOf } from "./host-types.js";
import type { Operator, OperatorDoc } from "./operator.js";

const STRING = 8;

export const operator: Operator = {
  name: "SequenceEmpty",
  inputs: [],
  outputs: ["output"],
  attributes: { dtype: { type: "int", default: 1 } },
  shape: () => ({}),
  host: {
    reason: "sequences live on the host",
    types: node => {
      const code: number = node.attributes.dtype;
      const of = code === STRING ? textOf(undefined) : tensorType(dtypeOfOnnx("SequenceEmpty", node, code), undefined);
      return { output: sequenceOf(of) };
    },
    run: () => ({ output: [] }),
  },
};

export const doc: OperatorDoc = { summary: "A sequence of nothing", dtypes: "any", opsets: [11, 11] };
