// SplitToSequence: a tensor cut along an axis, into parts of given sizes, of one size, or of one slice each.
import type { AnyTensor } from "../runtime/host-value.js";
import { normalizeAxis, refuse } from "./checks.js";
import { numbers, reshaped, slice } from "./host-tensors.js";
import { sequenceOf, withDims } from "./host-types.js";
import type { HostNode, Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "SplitToSequence",
  inputs: ["input", "split?"],
  outputs: ["output_sequence"],
  attributes: { axis: { type: "int", default: 0 }, keepdims: { type: "int", default: 1 } },
  shape: () => ({}),
  host: {
    reason: "sequences live on the host",
    types: ({ types }) => ({ output_sequence: sequenceOf(withDims(types.input!, undefined)) }),
    run: ({ input, split }, node) => ({
      output_sequence: parts(input as AnyTensor, split as AnyTensor | undefined, node),
    }),
  },
};

function parts(input: AnyTensor, split: AnyTensor | undefined, node: HostNode): AnyTensor[] {
  const axis = normalizeAxis("SplitToSequence", node, node.attributes.axis, input.dims.length);
  const size = input.dims[axis]!;
  let start = 0;
  return sizesOf(size, split, node).map(n => {
    const part = slice(input, axis, start, start + n);
    start += n;
    const drop = !split && node.attributes.keepdims === 0;
    return drop ? reshaped(part, [...part.dims.slice(0, axis), ...part.dims.slice(axis + 1)]) : part;
  });
}

function sizesOf(size: number, split: AnyTensor | undefined, node: HostNode): number[] {
  if (!split) return new Array<number>(size).fill(1);
  const given = numbers(split);
  if (split.dims.length > 0) {
    const sum = given.reduce((a, b) => a + b, 0);
    if (sum !== size || given.some(n => n < 0))
      refuse(
        "shape",
        "SplitToSequence",
        node,
        `split is [${given.join(", ")}], and the axis has ${size}; the parts must make it up`,
      );
    return given;
  }
  const step = given[0]!;
  if (!(step > 0)) refuse("shape", "SplitToSequence", node, `split is ${step}; a part has at least one slice`);
  return Array.from({ length: Math.ceil(size / step) }, (_, i) => Math.min(step, size - i * step));
}

export const doc: OperatorDoc = {
  summary: "A tensor cut along an axis into a sequence",
  dtypes: "any",
  opsets: [11, 24],
};
