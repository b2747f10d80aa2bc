// FeatureVectorizer: the columns of several tensors side by side, each cut or padded with zeros to its number of features.
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { refuse } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, sizeOf, tabulate, withDims } from "../reference-tensors.js";

function sizesOf(node: NodeInfo): readonly number[] {
  const sizes = node.attributes.inputdimensions as readonly number[] | undefined;
  if (sizes?.length === node.present.length) return sizes;
  refuse(
    "operator-attribute",
    "FeatureVectorizer",
    node,
    `inputdimensions has ${sizes?.length ?? 0} entries for ${node.present.length} inputs; give one for each`,
  );
}

export const operator: Operator = {
  name: "FeatureVectorizer",
  domain: "ai.onnx.ml",
  inputs: ["X..."],
  outputs: ["Y"],
  attributes: { inputdimensions: { type: "ints" } },
  dtypes: () => ({ Y: "f32" }),
  shape: node => {
    const total = sizesOf(node).reduce((a, b) => a + b, 0);
    const first = node.dims.X0!;
    return { Y: [first.length > 1 ? first[0]! : Poly.one, Poly.int(total)] };
  },
  expand: (node, build) => {
    const vector = (...data: number[]): Value => build.constant("i64", [data.length], data);
    const columns = sizesOf(node).map((size, k) => {
      const x = node.inputs[`X${k}`]!;
      const rows = x.dims!.length === 1 ? build.node("Reshape", [x, vector(1, -1)]) : build.node("Flatten", [x]);
      const features = build.node("Cast", [rows], { to: onnxCodeOf("f32") });
      const padded = build.node("Pad", [features, vector(0, 0, 0, size)]);
      return build.node("Slice", [padded, vector(0), vector(size), vector(1)]);
    });
    return { Y: build.node("Concat", columns, { axis: 1 }) };
  },
};

export const doc: OperatorDoc = {
  summary: "The columns of several tensors side by side, each cut or padded with zeros to its number of features",
  dtypes: "number",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = (inputs, { inputdimensions }, { present }) => {
  const rows = present.map(n => {
    const t = inputs[n]!;
    return withDims(t, t.dims.length === 1 ? [1, t.dims[0]!] : [t.dims[0]!, sizeOf(t.dims.slice(1))]);
  });
  const readers = rows.map(elements);
  const total = inputdimensions.reduce((a: number, b: number) => a + b, 0);
  const Y = tabulate("f32", [rows[0]!.dims[0]!, total], ([r, c]) => {
    let at = c!;
    let k = 0;
    while (at >= inputdimensions[k]) at -= inputdimensions[k++];
    return Number(readers[k]!([r!, at]) ?? 0);
  });
  return { Y };
};

export const cases = (): readonly OperatorCase[] => [
  {
    name: "cut, whole and padded",
    attributes: { inputdimensions: [2, 4, 3] },
    inputs: {
      X0: { dtype: "f32", dims: [5, 3] },
      X1: { dtype: "i64", dims: [5, 4] },
      X2: { dtype: "f64", dims: [5, 1] },
    },
  },
  { name: "a vector", attributes: { inputdimensions: [3] }, inputs: { X0: { dtype: "i32", dims: [3] } } },
];
