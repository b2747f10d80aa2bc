// QLinearAveragePool of com.microsoft: AveragePool of a tensor of 8 bits, its channels second or last.
import type { Dims } from "../../graph/graph.js";
import * as pool from "../average-pool.js";
import { axes, toChannelsFirst, toChannelsLast } from "./channels-last.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, ReferenceTensor } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { reference as transposed } from "../transpose.js";
import { quantizedInput, quantizedOperator, quantizedParameters, quantizedReference } from "./quantized.js";

/** The attributes that AveragePool has as well. */
const ofPool = ({ channels_last: _, ...rest }: Attributes): Attributes => rest;

export const operator: Operator = /* @__PURE__ */ quantizedOperator("QLinearAveragePool", {
  operands: ["X"],
  output: "Y",
  attributes: {
    auto_pad: { type: "string", default: "NOTSET" },
    ceil_mode: { type: "int", default: 0 },
    channels_last: { type: "int", default: 0 },
    count_include_pad: { type: "int", default: 0 },
    kernel_shape: { type: "ints", required: true },
    pads: { type: "ints" },
    strides: { type: "ints" },
  },
  shape: node => {
    const X = node.dims.X!;
    const last = node.attributes.channels_last === 1;
    const { Y } = pool.operator.shape({ ...node, dims: { X: last ? toChannelsFirst(X) : X } });
    return last ? toChannelsLast<Dims[number]>(Y!) : Y!;
  },
  real: (build, { X }, attributes) => {
    if (attributes.channels_last !== 1) return build.node("AveragePool", [X], ofPool(attributes));
    const all = axes((attributes.kernel_shape as readonly number[]).length + 2);
    const x = build.node("Transpose", [X], { perm: toChannelsFirst(all) });
    return build.node("Transpose", [build.node("AveragePool", [x], ofPool(attributes))], { perm: toChannelsLast(all) });
  },
});

export const doc: OperatorDoc = {
  summary: "AveragePool of a tensor of 8 bits",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference = /* @__PURE__ */ quantizedReference(["X"], "Y", ({ X }, attributes) => {
  const node = { present: ["X"], opset: 14, outputCount: 1 };
  if (attributes.channels_last !== 1) return pool.reference({ X: X! }, attributes, node).Y!;
  const moved = (data: ReferenceTensor, perm: readonly number[]): ReferenceTensor =>
    transposed({ data }, { perm }, node).transposed!;
  const all = axes(X!.dims.length);
  return moved(pool.reference({ X: moved(X!, toChannelsFirst(all)) }, attributes, node).Y!, toChannelsLast(all));
});

const of = (dtype: "u8" | "i8", dims: readonly number[], zero: number, attributes: Attributes): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} ${Object.keys(attributes).join()}`,
  attributes,
  inputs: { ...quantizedInput("X", dtype, dims, 0.0371, zero), ...quantizedParameters("Y", dtype, 0.0213, zero - 5) },
});
export const cases = (): readonly OperatorCase[] => [
  of("u8", [2, 5, 7, 9], 128, { kernel_shape: [3, 3] }),
  of("i8", [1, 3, 7, 6], 3, { kernel_shape: [2, 3], strides: [2, 2], pads: [1, 1, 0, 1] }),
  of("u8", [1, 3, 7, 6], 100, { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
  of("u8", [2, 7, 9, 5], 128, { kernel_shape: [3, 3], channels_last: 1 }),
];
