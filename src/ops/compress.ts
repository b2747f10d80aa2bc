// Compress: the slices of an axis, or the elements, for which a condition holds.
import type { AnyTensor } from "../runtime/host-value.js";
import { normalizeAxis } from "./checks.js";
import { concatenate, countOf, reshaped, slice } from "./host-tensors.js";
import { withDims } from "./host-types.js";
import { Poly } from "../ir/poly.js";
import type { NodeInfo, Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "Compress",
  inputs: ["input", "condition"],
  outputs: ["output"],
  attributes: { axis: { type: "int" } },
  shape: () => ({}),
  measured: true,
  expand: (node, build) => {
    const { input, condition } = node.inputs;
    const axis = axisOf(node, node.dims.input!.length);
    const data = axis === undefined ? build.node("Reshape", [input, build.constant("i64", [1], [-1])]) : input!;
    // a condition may be shorter than what it is for, and what it says of more is nothing
    const size = axis === undefined ? Poly.product(node.dims.input!) : node.dims.input![axis]!;
    const end = build.node("Shape", [data], { start: axis ?? 0, end: (axis ?? 0) + 1 });
    const zero = build.constant("i64", [1], [0]);
    const holds = node.dims.condition![0]!.equals(size) ? condition : build.node("Slice", [condition, zero, end, zero]);
    const [order, count] = build.several("StablePartition", 2, [holds], {}, "azulejo");
    const positions = build.node("Prefix", [count, order], {}, "azulejo");
    return { output: build.node("Gather", [data, positions], { axis: axis ?? 0 }) };
  },
  host: {
    reason: "the data decide how large its result is",
    types: node => {
      const input = node.types.input!;
      const axis = input.dims && axisOf(node, input.dims.length);
      if (axis === undefined)
        return {
          output: withDims(input, node.attributes.axis === undefined ? [node.unknownDim("output", 0)] : undefined),
        };
      return {
        output: withDims(
          input,
          input.dims!.map((d, i) => (i === axis ? node.unknownDim("output", i) : d)),
        ),
      };
    },
    run: ({ input, condition }, node) => ({
      output: compress(input as AnyTensor, condition as AnyTensor, axisOf(node, (input as AnyTensor).dims.length)),
    }),
  },
};

const axisOf = (node: NodeInfo, rank: number): number | undefined =>
  node.attributes.axis === undefined ? undefined : normalizeAxis("Compress", node, node.attributes.axis, rank);

function compress(input: AnyTensor, condition: AnyTensor, axis: number | undefined): AnyTensor {
  if (axis === undefined) return compress(reshaped(input, [countOf(input.dims)]), condition, 0);
  const kept: AnyTensor[] = [];
  const size = Math.min(input.dims[axis]!, condition.data.length);
  for (let i = 0; i < size; i++) if (condition.data[i]) kept.push(slice(input, axis, i, i + 1));
  return kept.length > 0 ? concatenate(kept, axis) : slice(input, axis, 0, 0);
}

export const doc: OperatorDoc = {
  summary: "Slices of an axis, or elements, for which a condition holds",
  dtypes: "any",
  opsets: [9, 28],
};
