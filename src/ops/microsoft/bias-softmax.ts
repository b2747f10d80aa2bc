// BiasSoftmax of com.microsoft: Softmax of data + bias over all axes from `axis` on; the bias lacks axes, or has 1 there.
import { requireBroadcastTo } from "../broadcast.js";
import { normalizeAxis } from "../checks.js";
import { broadcastReader, floats } from "../elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import { reference as softmax, tolerance as softmaxTolerance } from "../softmax.js";
import { softmaxRows } from "./softmax-rows.js";

const op = "BiasSoftmax";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["data", "bias"],
  outputs: ["output"],
  // how the bias broadcasts is told by its dims
  attributes: { axis: { type: "int", default: 1 }, is_inner_broadcast: { type: "int", required: true } },
  shape: node => {
    normalizeAxis(op, node, node.attributes.axis, node.dims.data!.length);
    requireBroadcastTo(op, node, "bias", "data");
    return { output: node.dims.data! };
  },
  expand: ({ inputs: { data, bias }, attributes: { axis } }, build) => ({
    output: softmaxRows(build, build.node("Add", [data, bias]), axis),
  }),
};

export const doc: OperatorDoc = {
  summary: "Softmax of data + bias, over all axes from `axis` on",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = softmaxTolerance;

export const reference: Reference = ({ data, bias }, { axis = 1 }) => {
  const [x, b] = [elements(data!), broadcastReader(bias!)];
  const input = tabulate(data!.dtype, data!.dims, i => Number(x(i)) + Number(b(i)));
  return { output: softmax({ input }, { axis }, { present: ["input"], opset: 12, outputCount: 1 }).output! };
};

const of = (
  data: readonly number[],
  bias: readonly number[],
  axis: number,
  inner: 0 | 1,
  dtype: "f32" | "f16" | "f64" = "f32",
): OperatorCase => ({
  name: `${dtype} ${data.join("×")} and ${bias.join("×")} from ${axis}`,
  attributes: { axis, is_inner_broadcast: inner },
  inputs: { data: { dtype, dims: data }, bias: { dtype, dims: bias } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 3, 5, 7], [2, 1, 1, 7], 3, 1, d as "f32")),
  of([2, 3, 5, 7], [5, 7], 3, 0),
  of([2, 3, 5, 7], [1, 1, 5, 7], 2, 0),
  of([3, 17], [17], -1, 0),
];
