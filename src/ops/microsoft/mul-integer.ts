// MulInteger of com.microsoft: (A − A_zero_point) · (B − B_zero_point) of tensors of 8 bits in i32, with broadcasting.
import type { Value } from "../../graph/graph.js";
import { broadcastDims } from "../broadcast.js";
import { broadcastNumbers, broadcastReader } from "../elementwise-references.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact, tabulate } from "../reference-tensors.js";

export const operator: Operator = {
  name: "MulInteger",
  domain: "com.microsoft",
  inputs: ["A", "A_zero_point?", "B", "B_zero_point?"],
  outputs: ["C"],
  dtypes: () => ({ C: "i32" }),
  shape: node => ({ C: broadcastDims("MulInteger", node, ["A", "B"]) }),
  expand: ({ inputs: { A, A_zero_point, B, B_zero_point } }, build) => {
    const wide = (x: Value): Value => build.node("Cast", [x], { to: onnxCodeOf("i32") });
    const centred = (x: Value, zero: Value | undefined): Value =>
      zero ? build.node("Sub", [wide(x), wide(zero)]) : wide(x);
    return { C: build.node("Mul", [centred(A!, A_zero_point), centred(B!, B_zero_point)]) };
  },
};

export const doc: OperatorDoc = {
  summary: "(A − A_zero_point) · (B − B_zero_point) in i32, with broadcasting",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ A, A_zero_point, B, B_zero_point }) => {
  const [a, b] = [broadcastReader(A!), broadcastReader(B!)];
  const [za, zb] = [A_zero_point, B_zero_point].map(t => (t ? Number(t.data[0]) : 0)) as [number, number];
  const dims = broadcastNumbers([A!.dims, B!.dims]);
  return { C: tabulate("i32", dims, i => (Number(a(i)) - za) * (Number(b(i)) - zb)) };
};

const of = (dtype: "u8" | "i8", a: readonly number[], b: readonly number[], zeros: boolean): OperatorCase => {
  const full = dtype === "u8" ? ([0, 255] as const) : ([-128, 127] as const);
  const zero = { dtype, dims: [], data: [7] };
  return {
    name: `${dtype} ${a.join("×")} by ${b.join("×")}${zeros ? ", zero points" : ""}`,
    inputs: {
      A: { dtype, dims: a, range: full },
      ...(zeros ? { A_zero_point: zero } : {}),
      B: { dtype, dims: b, range: full },
      ...(zeros ? { B_zero_point: { ...zero, data: [101] } } : {}),
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  of("u8", [3, 17], [3, 17], true),
  of("i8", [2, 3, 5], [3, 1], true),
  of("u8", [7], [1], false),
];
