// Normalizer: rows divided by their largest, summed or squared elements.

import { requireOneOf } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { mapRows } from "../softmax.js";

export const operator: Operator = {
  name: "Normalizer",
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: { norm: { type: "string", default: "MAX" } },
  dtypes: () => ({ Y: "f32" }),
  shape: node => {
    requireOneOf("Normalizer", node, "norm", ["MAX", "L1", "L2"]);
    return { Y: node.dims.X! };
  },
  expand: ({ inputs, attributes }, build) => {
    const x = build.node("Cast", [inputs.X], { to: onnxCodeOf("f32") });
    const along = build.constant("i64", [1], [-1]);
    const reduce = { MAX: "ReduceMax", L1: "ReduceL1", L2: "ReduceL2" }[attributes.norm as "MAX" | "L1" | "L2"];
    const size = build.node(reduce, [x, along]);
    // a row whose size is 0 stays
    const zero = build.node("Equal", [size, build.constant("f32", [], [0])]);
    return { Y: build.node("Div", [x, build.node("Where", [zero, build.constant("f32", [], [1]), size])]) };
  },
};

export const doc: OperatorDoc = {
  summary: "Rows divided by their largest element, their sum of sizes or their length; rows of size 0 stay",
  dtypes: "number",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 8, absolute: 0 };

export const reference: Reference = ({ X }, { norm = "MAX" }) => {
  const Y = mapRows(X!, {}, 13, row => {
    const size =
      norm === "MAX" ? Math.max(...row) : norm === "L1" ? row.reduce((s, x) => s + Math.abs(x), 0) : Math.hypot(...row);
    return row.map(x => (size === 0 ? x : x / size));
  });
  return { Y: { ...Y, dtype: "f32" } };
};

export const cases = (): readonly OperatorCase[] =>
  ["MAX", "L1", "L2"].flatMap(norm => [
    { name: norm, attributes: { norm }, inputs: { X: { dtype: "f32", dims: [5, 7] } } },
    { name: `${norm}, zeros`, attributes: { norm }, inputs: { X: { dtype: "f64", dims: [1, 3], data: [0, 0, 0] } } },
  ]);
