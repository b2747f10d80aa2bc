// ReduceSumInteger of com.microsoft: the sum over axes of a tensor of 8 bits, in 32 bits of the same sign.
import type { Dtype } from "../../ir/dtypes.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { reference as sum } from "../reduce-sum.js";
import { exact, vectorOf } from "../reference-tensors.js";
import { reducedDims } from "./quantized.js";

const op = "ReduceSumInteger";
const wide = (dtype: Dtype): Dtype => (dtype === "u8" ? "u32" : "i32");

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["data"],
  outputs: ["reduced"],
  attributes: { axes: { type: "ints", required: true }, keepdims: { type: "int", required: true } },
  dtypes: ({ dtypes }) => ({ reduced: wide(dtypes.data!) }),
  shape: node => ({ reduced: reducedDims(op, node, node.dims.data!) }),
  expand: ({ inputs, attributes: { axes, keepdims }, dtypes }, build) => {
    const data = build.node("Cast", [inputs.data], { to: onnxCodeOf(wide(dtypes.data!)) });
    return { reduced: build.node("ReduceSum", [data, build.constant("i64", [axes.length], axes)], { keepdims }) };
  },
};

export const doc: OperatorDoc = {
  summary: "The sum over axes of a tensor of 8 bits, in 32",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;
export const reference: Reference = ({ data }, { axes, keepdims }, node) => ({
  reduced: sum({ data: { ...data!, dtype: wide(data!.dtype) }, axes: vectorOf("i64", axes) }, { keepdims }, node)
    .reduced!,
});

const of = (dtype: "u8" | "i8", dims: readonly number[], axes: readonly number[], keepdims: number): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} over ${axes.join()}, keepdims ${keepdims}`,
  attributes: { axes, keepdims },
  inputs: { data: { dtype, dims, range: dtype === "u8" ? [0, 255] : [-128, 127] } },
});
export const cases = (): readonly OperatorCase[] => [
  of("u8", [2, 5, 7], [1], 1),
  of("i8", [3, 17], [-1], 0),
  of("u8", [0, 3], [0], 0),
];
