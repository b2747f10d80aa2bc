// ConcatFromSequence: the tensors of a sequence, one after the other along an axis, or along a new one.
import type { AnyTensor } from "../runtime/host-value.js";
import { normalizeAxis, refuse } from "./checks.js";
import { concatenate, stack } from "./host-tensors.js";
import { elementType, openDims, withDims } from "./host-types.js";
import type { HostNode, Operator, OperatorDoc } from "./operator.js";

const opens = (node: HostNode): boolean => node.attributes.new_axis === 1;

export const operator: Operator = {
  name: "ConcatFromSequence",
  inputs: ["input_sequence"],
  outputs: ["concat_result"],
  attributes: { axis: { type: "int", required: true }, new_axis: { type: "int", default: 0 } },
  shape: () => ({}),
  host: {
    reason: "sequences live on the host",
    types: node => {
      const of = elementType(node.types.input_sequence);
      const dims = of.dims && openDims(node, "concat_result", of.dims.length + (opens(node) ? 1 : 0));
      return { concat_result: withDims(of, dims) };
    },
    run: ({ input_sequence }, node) => ({ concat_result: joined(input_sequence as readonly AnyTensor[], node) }),
  },
};

function joined(list: readonly AnyTensor[], node: HostNode): AnyTensor {
  const [first] = list;
  if (!first) refuse("shape", "ConcatFromSequence", node, "its sequence is empty; give one with at least one tensor");
  const rank = first.dims.length + (opens(node) ? 1 : 0);
  const axis = normalizeAxis("ConcatFromSequence", node, node.attributes.axis, rank);
  const other = list.find(
    t =>
      t.dims.length !== first.dims.length || t.dims.some((d, i) => d !== first.dims[i] && (opens(node) || i !== axis)),
  );
  if (other)
    refuse(
      "shape",
      "ConcatFromSequence",
      node,
      `tensors of [${first.dims.join(", ")}] and [${other.dims.join(", ")}] do not fit together along axis ${axis}; make their other dims equal`,
    );
  return opens(node) ? stack(list, axis) : concatenate(list, axis);
}

export const doc: OperatorDoc = { summary: "The tensors of a sequence in one", dtypes: "any", opsets: [11, 11] };
