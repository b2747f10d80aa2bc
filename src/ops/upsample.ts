// Upsample: what Resize was called before opset 10; nearest or linear, coordinates divided by the scale.
import { opaque } from "../ir/poly.js";
import { refuse, requireOneOf } from "./checks.js";
import { requiredNumbers } from "./known-values.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { numbersOf, vectorOf } from "./reference-tensors.js";
import { resizeBody } from "./resize.js";
import type { ResizedDim } from "./resize-coordinates.js";
import { scaleOf } from "./resize-coordinates.js";
import { resizeReference } from "./resize-reference.js";

/** An input since opset 9, an attribute before, height and width alone in opset 1. */
function dimsOf(node: NodeInfo): readonly ResizedDim[] {
  requireOneOf("Upsample", node, "mode", ["nearest", "linear"]);
  const dims = node.dims.X!;
  const scales: readonly number[] = node.dims.scales
    ? requiredNumbers("Upsample", node, "scales")
    : oldScales(node.attributes);
  if (scales.length !== dims.length || scales.some(s => !(s > 0)))
    refuse(
      "shape",
      "Upsample",
      node,
      `scales [${scales.join(", ")}] must be ${dims.length} numbers above 0, one for each dim of X`,
    );
  return scales.map((s, axis) => {
    const input = dims[axis]!;
    const scale = scaleOf(s, input, false);
    return { axis, input, output: opaque("div", input.mul(scale.numerator), scale.denominator), scale };
  });
}

const oldScales = ({ scales, height_scale, width_scale }: Attributes): readonly number[] =>
  scales ?? (height_scale === undefined ? [] : [1, 1, height_scale, width_scale]);

/** Resize's attributes that Upsample implies. */
const implied = {
  coordinate_transformation_mode: "asymmetric",
  nearest_mode: "floor",
  exclude_outside: 0,
  antialias: 0,
};

export const operator: Operator = {
  name: "Upsample",
  inputs: ["X", "scales?"],
  prefers: "channels-last",
  outputs: ["Y"],
  attributes: {
    mode: { type: "string", default: "nearest" },
    scales: { type: "floats" },
    height_scale: { type: "float" },
    width_scale: { type: "float" },
  },
  content: ["scales"],
  shape: node => ({ Y: dimsOf(node).map(d => d.output) }),
  at: context => {
    const attributes = { ...context.attributes, ...implied };
    const scaled = dimsOf(context).filter(d => !d.scale.numerator.equals(d.scale.denominator));
    return { Y: resizeBody({ ...context, attributes }, scaled) };
  },
  text: ({ mode }) => mode === "nearest",
};

export const reference: Reference = ({ X, scales }, attributes, node) => {
  const roi = vectorOf("f32", scales ? numbersOf(scales) : oldScales(attributes));
  return resizeReference({ X: X!, roi }, { mode: attributes.mode }, { ...node, opset: 10 });
};

const X = { dtype: "f32", dims: [1, 2, 3, 4] } as const;
const scales = { dtype: "f32", dims: [4], data: [1, 1, 2, 3] } as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "nearest", opset: 9, inputs: { X, scales } },
  { name: "linear", opset: 9, attributes: { mode: "linear" }, inputs: { X, scales } },
  { name: "attributes of opset 1", opset: 1, attributes: { height_scale: 2, width_scale: 3 }, inputs: { X } },
  { name: "attribute of opset 7", opset: 7, attributes: { scales: [1, 1, 3, 2] }, inputs: { X } },
];

export const tolerance = { relative: 8, absolute: 8 };

export const doc: OperatorDoc = {
  summary: "Nearest and linear interpolation to a larger size; Resize since opset 10",
  dtypes: "number",
  opsets: [1, 9],
  limits: "scales must be known at compile time",
};
