// ExpandDims of com.microsoft: a dim of 1 put in at a place.
import { Poly } from "../../ir/poly.js";
import { normalizeAxis } from "../checks.js";
import { requiredNumber } from "../known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact, withDims } from "../reference-tensors.js";

const axisOf = (node: NodeInfo): number =>
  normalizeAxis("ExpandDims", node, requiredNumber("ExpandDims", node, "axis"), node.dims.X!.length + 1);

export const operator: Operator = {
  name: "ExpandDims",
  domain: "com.microsoft",
  inputs: ["X", "axis"],
  outputs: ["Y"],
  content: ["axis"],
  shape: node => ({ Y: node.dims.X!.toSpliced(axisOf(node), 0, Poly.one) }),
  expand: (node, build) => ({
    Y: build.node("Unsqueeze", [node.inputs.X, build.constant("i64", [1], [axisOf(node)])]),
  }),
};

export const doc: OperatorDoc = {
  summary: "A dim of 1 put in at axis",
  dtypes: "any",
  opsets: [1, 1],
  limits: "axis must be known at compile time",
};
export const tolerance = exact;

export const reference: Reference = ({ X, axis }) => {
  const at = Number(axis!.data[0]);
  return { Y: withDims(X!, X!.dims.toSpliced(at < 0 ? at + X!.dims.length + 1 : at, 0, 1)) };
};
const of = (axis: number): OperatorCase => ({
  name: `at ${axis}`,
  inputs: { X: { dtype: "f32", dims: [3, 5] }, axis: { dtype: "i32", dims: [], data: [axis] } },
});
export const cases = (): readonly OperatorCase[] => [of(0), of(1), of(2), of(-1), of(-3)];
