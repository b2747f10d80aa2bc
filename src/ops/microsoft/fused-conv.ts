// FusedConv of com.microsoft: Conv, plus Z, and an activation.
import { requireDims } from "../broadcast.js";
import * as conv from "../conv.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { activate, activationReference } from "./fused-activation.js";

const { auto_pad, dilations, group, kernel_shape, pads, strides } = conv.operator.attributes!;
export const fusedConvAttributes = {
  auto_pad: auto_pad!,
  dilations: dilations!,
  group: group!,
  kernel_shape: kernel_shape!,
  pads: pads!,
  strides: strides!,
  activation: { type: "string", default: "" },
  activation_params: { type: "floats", default: [] },
} as const;

/** The attributes that Conv has as well. */
export const convAttributes = ({
  auto_pad,
  dilations,
  group,
  kernel_shape,
  pads,
  strides,
}: Attributes): Attributes => ({
  auto_pad,
  dilations,
  group,
  kernel_shape,
  pads,
  strides,
});

export const operator: Operator = {
  name: "FusedConv",
  domain: "com.microsoft",
  inputs: ["X", "W", "B?", "Z?"],
  outputs: ["Y"],
  attributes: fusedConvAttributes,
  shape: node => {
    const { Y } = conv.operator.shape(node);
    requireDims("FusedConv", node, "Z", Y!, "as Y");
    return { Y: Y! };
  },
  expand: (node, build) => {
    const { X, W, B, Z } = node.inputs;
    const y = build.node("Conv", [X, W, B], convAttributes(node.attributes));
    const sum = Z ? build.node("Add", [y, Z]) : y;
    return { Y: activate("FusedConv", node, build, sum, node.dtypes.X!, node.attributes.activation_params) };
  },
};

export const doc: OperatorDoc = {
  summary: "Conv, plus Z, and an activation: Relu, Tanh, Sigmoid, LeakyRelu, Clip or HardSigmoid",
  dtypes: "float",
  opsets: [1, 1],
};
/**
 * Conv's, whose relative share the sums have earned that Tanh or Sigmoid then bounds to 1: 4 times their size, six times the inputs' where 90 products of
 * numbers up to 2 add up (√90 · 4/3 ≈ 12).
 */
export const tolerance: Tolerance = { relative: conv.tolerance.relative, absolute: conv.tolerance.absolute + 24 };

export const reference: Reference = (inputs, attributes, node) => {
  const { Y } = conv.reference(inputs, attributes, node);
  const f = activationReference(attributes.activation, attributes.activation_params ?? []);
  const z = inputs.Z && numbersOf(inputs.Z);
  return { Y: { ...Y!, data: numbersOf(Y!).map((y, k) => f(y + (z ? z[k]! : 0))) } };
};

const of = (
  activation: string,
  activation_params: readonly number[] = [],
  more: Attributes = {},
  z = false,
): OperatorCase => ({
  name: `${activation || "no activation"} ${activation_params.join()} ${Object.keys(more).join()}${z ? ", sum" : ""}`,
  attributes: { activation, activation_params, pads: [1, 1, 1, 1], ...more },
  inputs: {
    X: { dtype: "f32", dims: [2, 4, 7, 5] },
    W: { dtype: "f32", dims: [6, more.group === 2 ? 2 : 4, 3, 3] },
    B: { dtype: "f32", dims: [6] },
    ...(z ? { Z: { dtype: "f32", dims: [2, 6, 7, 5] } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("Relu"),
  of(""),
  of("Relu", [], {}, true),
  of("Tanh", [], { strides: [2, 2] }),
  of("Sigmoid", [], { group: 2 }),
  of("LeakyRelu", [0.2]),
  of("LeakyRelu"),
  of("Clip", [0, 6]),
  of("Clip"),
  of("HardSigmoid", [0.3, 0.4], { group: 2 }),
];
