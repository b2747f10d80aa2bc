// OneHotEncoder: a new last dim that is 1 where the element is the category.
import { Poly } from "../../ir/poly.js";
import { refuse } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact, numbersOf } from "../reference-tensors.js";

function categoriesOf(node: NodeInfo): readonly number[] {
  const categories = node.attributes.cats_int64s as readonly number[] | undefined;
  if (!categories?.length)
    refuse(
      "operator-unsupported",
      "OneHotEncoder",
      node,
      "cats_int64s is missing, and categories of text are not supported; export the encoder with integers for categories",
    );
  if (node.attributes.zeros !== 1)
    refuse(
      "operator-unsupported",
      "OneHotEncoder",
      node,
      "zeros = 0 makes unknown categories an error of the run, which is not supported; export it with zeros = 1",
    );
  return categories;
}

export const operator: Operator = {
  name: "OneHotEncoder",
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    cats_int64s: { type: "ints" },
    cats_strings: { type: "strings" },
    zeros: { type: "int", default: 1 },
  },
  dtypes: () => ({ Y: "f32" }),
  shape: node => ({ Y: [...node.dims.X!, Poly.int(categoriesOf(node).length)] }),
  expand: (node, build) => {
    const categories = categoriesOf(node);
    const whole = build.node("Cast", [node.inputs.X], { to: onnxCodeOf("i64") });
    const column = build.node("Unsqueeze", [whole, build.constant("i64", [1], [-1])]);
    const equal = build.node("Equal", [column, build.constant("i64", [categories.length], categories)]);
    return { Y: build.node("Cast", [equal], { to: onnxCodeOf("f32") }) };
  },
};

export const doc: OperatorDoc = {
  summary: "A new last dim that is 1 where the element is the category",
  dtypes: "number",
  opsets: [1, 1],
  limits: "categories are integers; unknown ones are all zeros",
};
export const tolerance = exact;

export const reference: Reference = ({ X }, { cats_int64s }) => ({
  Y: {
    dtype: "f32",
    dims: [...X!.dims, cats_int64s.length],
    data: numbersOf(X!).flatMap(x => cats_int64s.map((c: number) => (Math.trunc(x) === c ? 1 : 0))),
  },
});

export const cases = (): readonly OperatorCase[] => [
  {
    name: "integers",
    attributes: { cats_int64s: [1, 5, -2] },
    inputs: { X: { dtype: "i64", dims: [2, 3], data: [1, 2, 5, -2, 1, 0] } },
  },
  {
    name: "floats",
    attributes: { cats_int64s: [1, 5] },
    inputs: { X: { dtype: "f32", dims: [4], data: [1, 5, 3, -1] } },
  },
];
