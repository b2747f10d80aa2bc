// OneHotEncoder: a new last dim that is 1 where the element is the category.
import { Poly } from "../../ir/poly.js";
import type { TextData } from "../../runtime/host-value.js";
import { refuse } from "../checks.js";
import { tensorType } from "../host-types.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { HostBody, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact, numbersOf } from "../reference-tensors.js";

function categoriesOf(node: NodeInfo): readonly number[] {
  if (node.attributes.zeros !== 1)
    refuse(
      "operator-unsupported",
      "OneHotEncoder",
      node,
      "zeros = 0 makes unknown categories an error of the run, which is not supported; export it with zeros = 1",
    );
  return listOf(node, "cats_int64s", "numbers");
}

function listOf<T>(node: NodeInfo, name: string, what: string): readonly T[] {
  const list = node.attributes[name] as readonly T[] | undefined;
  if (list?.length) return list;
  refuse("operator-attribute", "OneHotEncoder", node, `X holds ${what}, and ${name} is missing; give the categories`);
}

/** Text is looked up by the host, where an unknown one can be an error. */
const textHost: HostBody = {
  reason: "it looks into text",
  types: node => {
    const words = listOf<string>(node, "cats_strings", "text");
    const { dims } = node.types.X!;
    return { Y: tensorType("f32", dims && [...dims, Poly.int(words.length)]) };
  },
  run: ({ X }, node) => {
    const words = listOf<string>(node, "cats_strings", "text");
    const { dims, data } = X as TextData;
    const Y = new Float32Array(data.length * words.length);
    for (const [i, word] of data.entries()) {
      const column = words.indexOf(word);
      if (column >= 0) Y[i * words.length + column] = 1;
      else if (node.attributes.zeros !== 1)
        refuse("input", "OneHotEncoder", node, `"${word}" is no category, and zeros = 0 forbids it; change X`);
    }
    return { Y: { dtype: "f32", dims: [...dims, words.length], data: Y } };
  },
};

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
  host: textHost,
};

export const doc: OperatorDoc = {
  summary: "A new last dim that is 1 where the element is the category",
  dtypes: "number or text",
  opsets: [1, 1],
  limits: "unknown numbers are all zeros",
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
