// QLinearGlobalAveragePool of com.microsoft: the mean over space of a tensor of 8 bits, its channels second or last.
import { Poly } from "../../ir/poly.js";
import { reference as pool } from "../global-average-pool.js";
import { axes, toChannelsFirst, toChannelsLast } from "./channels-last.js";
import type { Operator, OperatorCase, OperatorDoc, ReferenceTensor } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { reference as transposed } from "../transpose.js";
import { quantizedInput, quantizedOperator, quantizedParameters, quantizedReference } from "./quantized.js";

export const operator: Operator = /* @__PURE__ */ quantizedOperator("QLinearGlobalAveragePool", {
  operands: ["X"],
  output: "Y",
  attributes: { channels_last: { type: "int", default: 0 } },
  shape: ({ dims: { X }, attributes: { channels_last } }) =>
    X!.map((d, k) => (k === 0 || k === (channels_last ? X!.length - 1 : 1) ? d : Poly.one)),
  real: (build, { X }, { channels_last }) => {
    if (!channels_last) return build.node("GlobalAveragePool", [X]);
    const all = axes(X!.dims?.length ?? 4);
    const y = build.node("GlobalAveragePool", [build.node("Transpose", [X], { perm: toChannelsFirst(all) })]);
    return build.node("Transpose", [y], { perm: toChannelsLast(all) });
  },
});

export const doc: OperatorDoc = {
  summary: "The mean over space of a tensor of 8 bits",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference = /* @__PURE__ */ quantizedReference(["X"], "Y", ({ X }, { channels_last }) => {
  const node = { present: ["X"], opset: 14, outputCount: 1 };
  if (!channels_last) return pool({ X: X! }, {}, node).Y!;
  const moved = (data: ReferenceTensor, perm: readonly number[]) => transposed({ data }, { perm }, node).transposed!;
  const all = axes(X!.dims.length);
  return moved(pool({ X: moved(X!, toChannelsFirst(all)) }, {}, node).Y!, toChannelsLast(all));
});

const of = (dtype: "u8" | "i8", dims: readonly number[], zero: number, channels_last = 0): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}${channels_last ? ", channels last" : ""}`,
  attributes: { channels_last },
  inputs: { ...quantizedInput("X", dtype, dims, 0.0371, zero), ...quantizedParameters("Y", dtype, 0.0213, zero - 5) },
});
export const cases = (): readonly OperatorCase[] => [
  of("u8", [2, 5, 7, 3], 128),
  of("i8", [1, 3, 5, 5], 3),
  of("u8", [2, 7, 3, 5], 128, 1),
];
