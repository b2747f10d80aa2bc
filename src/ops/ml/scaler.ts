// Scaler: (X − offset) · scale, feature by feature.

import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { listed, requireListed } from "./listed-values.js";

export const operator: Operator = {
  name: "Scaler",
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: { offset: { type: "floats" }, scale: { type: "floats" } },
  dtypes: () => ({ Y: "f32" }),
  shape: node => {
    const features = node.dims.X!.at(-1);
    for (const name of ["offset", "scale"]) requireListed("Scaler", node, name, features);
    return { Y: node.dims.X! };
  },
  expand: ({ inputs, attributes }, build) => {
    const x = build.node("Cast", [inputs.X], { to: onnxCodeOf("f32") });
    const [offset, scale] = [listed(build, "f32", attributes.offset), listed(build, "f32", attributes.scale)];
    const moved = offset ? build.node("Sub", [x, offset]) : x;
    return { Y: scale ? build.node("Mul", [moved, scale]) : moved };
  },
};

export const doc: OperatorDoc = {
  summary: "(X − offset) · scale, feature by feature",
  dtypes: "number",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 2, absolute: 2 };

export const reference: Reference = ({ X }, { offset = [], scale = [] }) => {
  const features = X!.dims.at(-1) ?? 1;
  const of = (list: readonly number[], i: number, otherwise: number): number =>
    list.length === 0 ? otherwise : list[list.length === 1 ? 0 : i % features]!;
  const data = numbersOf(X!).map((x, i) => (x - of(offset, i, 0)) * of(scale, i, 1));
  return { Y: { dtype: "f32", dims: X!.dims, data } };
};

const of = (attributes: Attributes, dtype: "f32" | "i64" | "f64" = "f32"): OperatorCase => ({
  name: `${dtype} ${JSON.stringify(attributes)}`,
  attributes,
  inputs: { X: { dtype, dims: [5, 3] } },
});
export const cases = (): readonly OperatorCase[] => [
  of({ offset: [0.5, -1, 2], scale: [2, 0.25, 3] }),
  of({ offset: [0.5], scale: [2] }, "i64"),
  of({ scale: [1, 2, 3] }, "f64"),
  of({}),
];
