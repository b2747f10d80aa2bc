// IsAllFinite of com.microsoft: whether no element of any input is infinite or not a number; one of both may be allowed.
import type { Value } from "../../graph/graph.js";
import { refuse } from "../checks.js";
import { floats } from "../elementwise-references.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact, numbersOf } from "../reference-tensors.js";

const op = "IsAllFinite";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["input..."],
  outputs: ["output"],
  attributes: { isinf_only: { type: "int", default: 0 }, isnan_only: { type: "int", default: 0 } },
  dtypes: () => ({ output: "bool" }),
  shape: node => {
    const { isinf_only, isnan_only } = node.attributes;
    if (isinf_only && isnan_only)
      refuse("operator-attribute", op, node, "isinf_only and isnan_only are both 1; set one of them at most");
    return { output: [] };
  },
  expand: ({ inputs, attributes, present }, build) => {
    const cast = (x: Value, to: "i32" | "bool"): Value => build.node("Cast", [x], { to: onnxCodeOf(to) });
    const found = present.flatMap(name => {
      const tests = [...(attributes.isnan_only ? [] : ["IsInf"]), ...(attributes.isinf_only ? [] : ["IsNaN"])];
      return tests.map(test => {
        const flat = build.node("Reshape", [
          cast(build.node(test, [inputs[name]]), "i32"),
          build.constant("i64", [1], [-1]),
        ]);
        // of nothing the sum is 0
        return build.node("ReduceSum", [flat], { keepdims: 0 });
      });
    });
    const total = found.reduce((a, b) => build.node("Add", [a, b]));
    return { output: build.node("Not", [cast(total, "bool")]) };
  },
};

export const doc: OperatorDoc = {
  summary: "Whether no element of any input is infinite or not a number",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = exact;
export const reference: Reference = (inputs, { isinf_only = 0, isnan_only = 0 }, { present }) => {
  const isBad = (x: number): boolean =>
    isinf_only ? Math.abs(x) === Infinity : isnan_only ? Number.isNaN(x) : !Number.isFinite(x);
  const all = present.every(name => !numbersOf(inputs[name]!).some(isBad));
  return { output: { dtype: "bool", dims: [], data: [Number(all)] } };
};
const of = (name: string, last: readonly number[], attributes: OperatorCase["attributes"] = {}): OperatorCase => ({
  name: `${name} ${JSON.stringify(attributes)}`,
  attributes,
  inputs: {
    input0: { dtype: "f32", dims: [2, 5] },
    input1: { dtype: "f32", dims: [last.length], data: last },
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(dtype => ({ name: `${dtype}, all are`, inputs: { input0: { dtype, dims: [3, 17] } } })),
  ...[{}, { isinf_only: 1 }, { isnan_only: 1 }].flatMap(a => [
    of("one infinite", [1, 2, -Infinity], a),
    of("one not a number", [Number.NaN, 0], a),
  ]),
  of("nothing in one of them", []),
];
