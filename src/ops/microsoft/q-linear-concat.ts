// QLinearConcat of com.microsoft: tensors of 8 bits, each with a scale and zero point of its own, behind one another along an axis.
import type { Value } from "../../graph/graph.js";
import * as concat from "../concat.js";
import { refuse } from "../checks.js";
import { reference as dequantize } from "../integers/dequantize-linear.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, ReferenceTensor } from "../operator.js";
import { reference as quantize } from "../integers/quantize-linear.js";
import { exact } from "../reference-tensors.js";
import { quantizedParameters } from "./quantized.js";

const op = "QLinearConcat";

/** Names of tensors, scales and zero points in turn. */
const triplesOf = (present: readonly string[]): readonly (readonly [string, string, string])[] => {
  const names = present.filter(n => n.startsWith("inputs"));
  return names.flatMap((n, i) => (i % 3 === 0 ? [[n, names[i + 1]!, names[i + 2]!] as const] : []));
};

const asConcat = (node: NodeInfo): NodeInfo => ({
  ...node,
  present: triplesOf(node.present).map(([x]) => x),
});

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["Y_scale", "Y_zero_point", "inputs..."],
  outputs: ["Y"],
  attributes: { axis: { type: "int", required: true } },
  dtypes: ({ dtypes }) => ({ Y: dtypes.Y_zero_point! }),
  shape: node => {
    const count = node.present.length - 2;
    if (count === 0 || count % 3 !== 0)
      refuse(
        "graph-invalid",
        op,
        node,
        `${count} inputs behind Y_scale and Y_zero_point are no triples; give a tensor, its scale and its zero point each`,
      );
    return { Y: concat.operator.shape(asConcat(node)).concat_result! };
  },
  expand: ({ inputs, present, attributes: { axis } }, build) => {
    const parts = triplesOf(present).map(
      (names): Value =>
        build.node(
          "DequantizeLinear",
          names.map(n => inputs[n]),
        ),
    );
    const y = build.node("Concat", parts, { axis });
    return { Y: build.node("QuantizeLinear", [y, inputs.Y_scale, inputs.Y_zero_point]) };
  },
};

export const doc: OperatorDoc = {
  summary: "Tensors of 8 bits with scales of their own behind one another along an axis",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = (inputs, { axis }, node) => {
  const parts = triplesOf(Object.keys(inputs)).map(
    ([x, x_scale, zero]): ReferenceTensor =>
      dequantize({ x: inputs[x]!, x_scale: inputs[x_scale]!, x_zero_point: inputs[zero]! }, {}, node).y!,
  );
  const named = Object.fromEntries(parts.map((p, i) => [`inputs${i}`, p]));
  const y = concat.reference(named, { axis }, { ...node, present: Object.keys(named) }).concat_result!;
  const { Y_scale, Y_zero_point } = inputs;
  return { Y: quantize({ x: y, y_scale: Y_scale!, y_zero_point: Y_zero_point! }, {}, node).y! };
};

const of = (dtype: "u8" | "i8", axis: number, ...shapes: readonly (readonly number[])[]): OperatorCase => ({
  name: `${dtype} ${shapes.map(s => s.join("×")).join(", ")} along ${axis}`,
  attributes: { axis },
  inputs: {
    ...quantizedParameters("Y", dtype, 0.0817, 5),
    ...Object.fromEntries(
      shapes.flatMap((dims, i) => [
        [`inputs${3 * i}`, { dtype, dims, range: dtype === "u8" ? ([0, 255] as const) : ([-128, 127] as const) }],
        [`inputs${3 * i + 1}`, { dtype: "f32" as const, dims: [], data: [0.03 * (i + 1)] }],
        [`inputs${3 * i + 2}`, { dtype, dims: [], data: [7 * i] }],
      ]),
    ),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("u8", 1, [3, 5], [3, 2], [3, 7]),
  of("i8", -1, [2, 3, 4], [2, 3, 1]),
  of("u8", 0, [3, 5]),
];
