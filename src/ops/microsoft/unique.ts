// Unique of com.microsoft: that of ai.onnx on a list, in the order in which elements occur, with all three outputs.
import { requireRanks } from "../checks.js";
import { tensorType, withDims } from "../host-types.js";
import type { Operator, OperatorDoc } from "../operator.js";
import type { AnyTensor } from "../../runtime/host-value.js";
import { unique, uniqueNodes } from "../unique.js";

export const operator: Operator = {
  name: "Unique",
  domain: "com.microsoft",
  inputs: ["x"],
  outputs: ["y", "idx", "counts"],
  shape: () => ({}),
  measured: true,
  expand: (node, build) => {
    const { Y, inverse_indices, counts } = uniqueNodes(build, node.inputs.x!, 0, false);
    return { y: Y, idx: inverse_indices, counts };
  },
  host: {
    reason: "the data decide how large its result is",
    types: node => {
      requireRanks("Unique", node, { x: [1] });
      const x = node.types.x!;
      const count = [node.unknownDim("y", 0)];
      return { y: withDims(x, count), idx: tensorType("i64", x.dims), counts: tensorType("i64", count) };
    },
    run: ({ x }) => {
      const { Y, inverse_indices, counts } = unique(x as AnyTensor, 0, false);
      return { y: Y!, idx: inverse_indices!, counts: counts! };
    },
  },
};

export const doc: OperatorDoc = {
  summary:
    "Distinct elements of a list in order of appearance, which of them each element is, and how often they occur",
  dtypes: "any",
  opsets: [1, 1],
};
