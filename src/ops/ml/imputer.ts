// Imputer: a value that stands for "missing" is replaced, feature by feature.

import { refuse } from "../checks.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elementOf, exact, numbersOf } from "../reference-tensors.js";
import { listed, requireListed } from "./listed-values.js";

/** Floats and integers have attributes of their own. */
const namesOf = (node: NodeInfo): readonly [list: string, replaced: string] =>
  node.dtypes.X === "f32" || node.dtypes.X === "f64"
    ? ["imputed_value_floats", "replaced_value_float"]
    : ["imputed_value_int64s", "replaced_value_int64"];

export const operator: Operator = {
  name: "Imputer",
  domain: "ai.onnx.ml",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    imputed_value_floats: { type: "floats" },
    imputed_value_int64s: { type: "ints" },
    replaced_value_float: { type: "float", default: 0 },
    replaced_value_int64: { type: "int", default: 0 },
  },
  shape: node => {
    const [list] = namesOf(node);
    const features = node.dims.X!.at(-1);
    if (!node.attributes[list]?.length)
      refuse("operator-attribute", "Imputer", node, `${list} is missing; give a value, or one for each feature`);
    requireListed("Imputer", node, list, features);
    return { Y: node.dims.X! };
  },
  expand: (node, build) => {
    const { X } = node.inputs;
    const dtype = node.dtypes.X!;
    const [list, replaced] = namesOf(node);
    const gone: number = node.attributes[replaced];
    const missing = Number.isNaN(gone)
      ? build.node("IsNaN", [X])
      : build.node("Equal", [X, build.constant(dtype, [], [gone])]);
    return { Y: build.node("Where", [missing, listed(build, dtype, node.attributes[list]), X]) };
  },
};

export const doc: OperatorDoc = {
  summary: "A value that stands for missing is replaced, feature by feature",
  dtypes: "number",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ X }, attributes) => {
  const float = X!.dtype === "f32" || X!.dtype === "f64";
  const list: readonly number[] = float ? attributes.imputed_value_floats : attributes.imputed_value_int64s;
  const gone: number = (float ? attributes.replaced_value_float : attributes.replaced_value_int64) ?? 0;
  const features = X!.dims.at(-1) ?? 1;
  const data = numbersOf(X!).map((x, i) => {
    const missing = Number.isNaN(gone) ? Number.isNaN(x) : x === gone;
    return elementOf(X!.dtype, missing ? list[list.length === 1 ? 0 : i % features]! : x);
  });
  return { Y: { ...X!, data: data as number[] } };
};

const of = (attributes: Attributes, data: readonly number[], dtype: "f32" | "i64" = "f32"): OperatorCase => ({
  name: `${dtype} ${Object.keys(attributes)}`,
  attributes,
  inputs: { X: { dtype, dims: [2, 3], data } },
});
export const cases = (): readonly OperatorCase[] => [
  of({ imputed_value_floats: [7, 8, 9], replaced_value_float: Number.NaN }, [
    1,
    Number.NaN,
    3,
    Number.NaN,
    5,
    Number.NaN,
  ]),
  of({ imputed_value_floats: [0.5], replaced_value_float: -1 }, [1, -1, 3, -1, 5, 0]),
  of({ imputed_value_int64s: [4, 5, 6] }, [0, 1, 0, 2, 0, 3], "i64"),
];
