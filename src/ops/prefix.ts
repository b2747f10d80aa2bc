// Prefix: the first indices of an axis, as many as a number says that is computed in a run. An operator of this project: kernels fill as much
// as there can be at most, and this step, the only one that a size from data asks of the host, leaves off the rest.
import type { AnyTensor } from "../runtime/host-value.js";
import { numbers, slice } from "./host-tensors.js";
import { withDims } from "./host-types.js";
import type { HostNode, Operator, OperatorDoc } from "./operator.js";

/** inputs but the first, with the axis of each */
const cutInputs = ({
  present,
  attributes,
}: HostNode): readonly (readonly [input: string, output: string, axis: number])[] =>
  present
    .filter(name => name !== "count")
    .map((name, i) => [name, `Y${i}`, (attributes.axes as readonly number[] | undefined)?.[i] ?? 0]);

export const operator: Operator = {
  name: "Prefix",
  domain: "azulejo",
  inputs: ["count", "X..."],
  outputs: ["Y..."],
  // one for each X; absent: the first
  attributes: { axes: { type: "ints" } },
  shape: () => ({}),
  host: {
    reason: "only a run tells how much of its result counts",
    types: node => {
      // they are cut alike
      const first = cutInputs(node).find(([, output]) => node.wanted.includes(output));
      const size = node.unknownDim(first?.[1] ?? "Y0", first?.[2] ?? 0);
      return Object.fromEntries(
        cutInputs(node).map(([input, output, axis]) => {
          const x = node.types[input]!;
          return [output, withDims(x, x.dims?.with(axis, size))];
        }),
      );
    },
    run: (inputs, node) => {
      const [size] = numbers(inputs.count as AnyTensor) as [number];
      return Object.fromEntries(
        cutInputs(node).map(([input, output, axis]) => [output, slice(inputs[input] as AnyTensor, axis, 0, size)]),
      );
    },
  },
};

export const doc: OperatorDoc = {
  summary: "The first indices of an axis, as many as a run says: a part of NonZero, Compress and their kin",
  dtypes: "any",
  opsets: [1, 1],
};
