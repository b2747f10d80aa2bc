// ReverseSequence: the first so many elements of each sequence of a batch from the last to the first.
import { where } from "../tile/index.js";
import { requireEntries } from "./broadcast.js";
import { normalizeAxis, refuse } from "./checks.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, tabulate } from "./reference-tensors.js";

function axesOf(node: NodeInfo): { time: number; batch: number } {
  const rank = node.dims.input!.length;
  const time = normalizeAxis("ReverseSequence", node, node.attributes.time_axis, rank);
  const batch = normalizeAxis("ReverseSequence", node, node.attributes.batch_axis, rank);
  if (time === batch)
    refuse(
      "operator-attribute",
      "ReverseSequence",
      node,
      `time_axis and batch_axis are both ${time}; they must differ`,
    );
  return { time, batch };
}

export const operator: Operator = {
  name: "ReverseSequence",
  inputs: ["input", "sequence_lens"],
  outputs: ["Y"],
  attributes: { batch_axis: { type: "int", default: 1 }, time_axis: { type: "int", default: 0 } },
  shape: node => {
    const { batch } = axesOf(node);
    const sequences = { input: "input", what: "sequences", count: node.dims.input![batch]! };
    requireEntries("ReverseSequence", node, "sequence_lens", sequences);
    return { Y: node.dims.input! };
  },
  at: context => {
    const { time, batch } = axesOf(context);
    const { input, sequence_lens } = context.inputs;
    return {
      Y: (...index) => {
        const t = index[time]!;
        const length = sequence_lens!.at(index[batch]!).cast("i32");
        return input!.at(...index.with(time, where(t.lt(length), length.sub(1).sub(t), t)));
      },
    };
  },
  text: true,
};

export const reference: Reference = ({ input, sequence_lens }, { batch_axis = 1, time_axis = 0 }) => {
  const read = elements(input!);
  const Y = tabulate(input!.dtype, input!.dims, index => {
    const length = Number(sequence_lens!.data[index[batch_axis]!]);
    const t = index[time_axis]!;
    return read(index.with(time_axis, t < length ? length - 1 - t : t))!;
  });
  return { Y };
};

export const cases = (): readonly OperatorCase[] => [
  ...movedDtypes.map(dtype => ({
    name: dtype,
    inputs: {
      input: { dtype, dims: [4, 3] },
      sequence_lens: { dtype: "i64" as const, dims: [3], data: [4, 1, 3] },
    },
  })),
  {
    name: "the batch first",
    attributes: { batch_axis: 0, time_axis: 1 },
    inputs: {
      input: { dtype: "f32", dims: [2, 5, 17] },
      sequence_lens: { dtype: "i64", dims: [2], data: [0, 5] },
    },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "The beginnings of sequences from the last element to the first",
  dtypes: "any",
  opsets: [10, 28],
};
