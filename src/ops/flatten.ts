// Flatten: the dims before `axis` become rows, the others columns.
import { Poly } from "../ir/poly.js";
import { refuse } from "./checks.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, sizeOf, withDims } from "./reference-tensors.js";
import { reshapeClass } from "./reshape-class.js";

/** Unlike elsewhere, the axis may equal the rank: then all dims are rows. */
function firstColumnAxis(node: NodeInfo): number {
  const rank = node.dims.input!.length;
  const axis = node.attributes.axis as number;
  if (axis < -rank || axis > rank)
    refuse(
      "operator-attribute",
      "Flatten",
      node,
      `axis ${axis} is outside ${-rank}..${rank} of a rank-${rank} tensor; use one in that range`,
    );
  return axis < 0 ? axis + rank : axis;
}

export const operator: Operator = {
  name: "Flatten",
  inputs: ["input"],
  outputs: ["output"],
  attributes: { axis: { type: "int", default: 1 } },
  ...reshapeClass("input", "output", node => {
    const axis = firstColumnAxis(node);
    const dims = node.dims.input!;
    return [Poly.product(dims.slice(0, axis)), Poly.product(dims.slice(axis))];
  }),
  text: true,
};

export const reference: Reference = ({ input }, { axis = 1 }) => {
  const dims = input!.dims;
  const first = axis < 0 ? axis + dims.length : axis;
  return { output: withDims(input!, [sizeOf(dims.slice(0, first)), sizeOf(dims.slice(first))]) };
};

const input = { dtype: "f32", dims: [2, 3, 4, 5] } as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "default axis", inputs: { input } },
  { name: "axis 0", attributes: { axis: 0 }, inputs: { input } },
  { name: "axis = rank", attributes: { axis: 4 }, inputs: { input } },
  { name: "from the end", attributes: { axis: -1 }, inputs: { input } },
  { name: "a vector", attributes: { axis: 0 }, inputs: { input: { dtype: "i64", dims: [5] } } },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "A matrix of the same elements, split before `axis`",
  dtypes: "any",
  opsets: [1, 25],
};
