// MatMulInteger16 of com.microsoft: the product of two matrices of 16 bits in 32.
import type { Dtype } from "../../ir/dtypes.js";
import * as matMul from "../mat-mul.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";

const resultOf = (A: Dtype, B: Dtype): Dtype => (A === "u16" && B === "u16" ? "u32" : "i32");

export const operator: Operator = {
  name: "MatMulInteger16",
  domain: "com.microsoft",
  inputs: ["A", "B"],
  outputs: ["Y"],
  dtypes: ({ dtypes: { A, B } }) => ({ Y: resultOf(A!, B!) }),
  shape: (node: NodeInfo) => matMul.operator.shape(node),
  expand: ({ inputs: { A, B }, dtypes }, build) => {
    const to = onnxCodeOf(resultOf(dtypes.A!, dtypes.B!));
    return { Y: build.node("MatMul", [build.node("Cast", [A], { to }), build.node("Cast", [B], { to })]) };
  },
};

export const doc: OperatorDoc = {
  summary: "The product of two matrices of 16 bits in 32",
  dtypes: "u16 or i16",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ A, B }, _, node) => {
  const dtype = resultOf(A!.dtype, B!.dtype);
  return { Y: matMul.reference({ A: { ...A!, dtype }, B: { ...B!, dtype } }, {}, node).Y! };
};

const of = (a: "i16" | "u16", b: "i16" | "u16", A: readonly number[], B: readonly number[]): OperatorCase => ({
  name: `${a} ${A.join("×")} by ${b} ${B.join("×")}`,
  inputs: {
    A: { dtype: a, dims: A, range: [-9000, 9000] },
    B: { dtype: b, dims: B, range: [-9000, 9000] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("i16", "i16", [5, 17], [17, 3]),
  of("u16", "u16", [2, 3, 7], [2, 7, 4]),
  of("u16", "i16", [7], [7, 3]),
  of("i16", "i16", [0, 7], [7, 3]),
];
