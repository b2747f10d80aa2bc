// ConvTransposeWithDynamicPads of com.microsoft: ConvTranspose whose pads are an input.
import * as standard from "../conv-transpose.js";
import { requiredNumbers } from "../known-values.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";

const op = "ConvTransposeWithDynamicPads";
const { auto_pad, dilations, group, kernel_shape, output_padding, strides } = standard.operator.attributes!;

const attributesOf = (node: NodeInfo): Attributes => ({
  ...node.attributes,
  ...(node.present.includes("Pads") ? { pads: requiredNumbers(op, node, "Pads") } : {}),
});

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["X", "W", "Pads?", "B?"],
  outputs: ["Y"],
  content: ["Pads"],
  attributes: {
    auto_pad: auto_pad!,
    dilations: dilations!,
    group: group!,
    kernel_shape: kernel_shape!,
    output_padding: output_padding!,
    strides: strides!,
  },
  shape: node => standard.operator.shape({ ...node, attributes: attributesOf(node) }),
  expand: (node, build) => {
    const { X, W, B } = node.inputs;
    return { Y: build.node("ConvTranspose", [X, W, B], attributesOf(node)) };
  },
};

export const doc: OperatorDoc = {
  summary: "ConvTranspose whose pads are an input",
  dtypes: "float",
  opsets: [1, 1],
  limits: "pads must be known at compile time",
};
export const tolerance = standard.tolerance;
export const reference: Reference = ({ X, W, Pads, B }, attributes, node) =>
  standard.reference(
    { X: X!, W: W!, ...(B ? { B } : {}) },
    { ...attributes, ...(Pads ? { pads: numbersOf(Pads) } : {}) },
    node,
  );

const of = (name: string, pads: readonly number[] | undefined, attributes: Attributes, B = true): OperatorCase => ({
  name,
  attributes,
  inputs: {
    X: { dtype: "f32", dims: [2, 4, 7, 5] },
    W: { dtype: "f32", dims: [4, 3, 3, 3] },
    ...(pads ? { Pads: { dtype: "i64" as const, dims: [4], data: pads } } : {}),
    ...(B ? { B: { dtype: "f32" as const, dims: [3] } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("pads", [1, 0, 1, 2], {}),
  of("strides", [1, 1, 1, 1], { strides: [2, 2], output_padding: [1, 1] }),
  of("no pads, no bias", undefined, { strides: [2, 1] }, false),
];
