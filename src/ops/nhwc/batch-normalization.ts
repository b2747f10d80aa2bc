// BatchNormalization of com.ms.internal.nhwc: that of ai.onnx for inference, with the channels last.
import * as standard from "../batch-normalization.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, ReferenceTensor } from "../operator.js";
import { reference as transposed } from "../transpose.js";
import { axes, toChannelsFirst, toChannelsLast } from "../microsoft/channels-last.js";

const { epsilon, momentum, spatial } = standard.operator.attributes!;
const asFirst = (node: NodeInfo): NodeInfo => ({
  ...node,
  dims: { ...node.dims, X: toChannelsFirst(node.dims.X!) },
  attributes: { ...node.attributes, training_mode: 0 },
});

export const operator: Operator = {
  name: "BatchNormalization",
  domain: "com.ms.internal.nhwc",
  inputs: ["X", "scale", "B", "input_mean", "input_var"],
  outputs: ["Y"],
  attributes: { epsilon: epsilon!, momentum: momentum!, spatial: spatial! },
  shape: node => {
    standard.operator.shape(asFirst(node));
    return { Y: node.dims.X! };
  },
  expand: (node, build) => {
    const { X, scale, B, input_mean, input_var } = node.inputs;
    const rank = X!.dims!.length;
    const x = build.node("Transpose", [X], { perm: toChannelsFirst(axes(rank)) });
    const y = build.node("BatchNormalization", [x, scale, B, input_mean, input_var], node.attributes);
    return { Y: build.node("Transpose", [y], { perm: toChannelsLast(axes(rank)) }) };
  },
};

export const doc: OperatorDoc = {
  summary: "BatchNormalization for inference with the channels last",
  dtypes: "float",
  opsets: [7, 15],
};
export const tolerance = standard.tolerance;

export const reference: Reference = (inputs, attributes, node) => {
  const rank = inputs.X!.dims.length;
  const moved = (data: ReferenceTensor, perm: readonly number[]): ReferenceTensor =>
    transposed({ data }, { perm }, node).transposed!;
  const first = { ...inputs, X: moved(inputs.X!, toChannelsFirst(axes(rank))) };
  return { Y: moved(standard.reference(first, attributes, node).Y!, toChannelsLast(axes(rank))) };
};

export const cases = (): readonly OperatorCase[] =>
  standard
    .cases()
    .filter(c => !c.attributes?.training_mode && c.inputs.X!.dims.length > 2)
    .map(c => ({ ...c, inputs: { ...c.inputs, X: { ...c.inputs.X!, dims: toChannelsLast(c.inputs.X!.dims) } } }));
