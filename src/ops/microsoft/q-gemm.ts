// QGemm of com.microsoft: Gemm of matrices of 8 bits; the result is real, or of 8 bits where its scale is given.
import type { Value } from "../../graph/graph.js";
import { requireRanks } from "../checks.js";
import { broadcastReader } from "../elementwise-references.js";
import * as gemm from "../gemm.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { quantizedReference } from "../integers/quantization.js";
import { elements, tabulate } from "../reference-tensors.js";

const op = "QGemm";
/** Its factors scale what is real by then: Gemm's are whole for integers. */
const asGemm = (node: NodeInfo): NodeInfo => {
  const { A, B, C } = node.dims;
  const attributes = { ...node.attributes, alpha: 1, beta: 1 };
  return { ...node, attributes, dims: { A: A!, B: B!, ...(C ? { C } : {}) } };
};

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["A", "a_scale", "a_zero_point", "B", "b_scale", "b_zero_point", "C?", "y_scale?", "y_zero_point?"],
  outputs: ["Y"],
  attributes: {
    alpha: { type: "float", default: 1 },
    transA: { type: "int", default: 0 },
    transB: { type: "int", default: 0 },
  },
  dtypes: ({ dtypes }) => ({ Y: dtypes.y_scale ? (dtypes.y_zero_point ?? dtypes.A!) : "f32" }),
  shape: node => {
    requireRanks(op, node, { A: [2], B: [2] });
    return { Y: gemm.operator.shape(asGemm(node)).Y! };
  },
  expand: ({ inputs, attributes, dtypes }, build) => {
    const { A, a_scale, a_zero_point, B, b_scale, b_zero_point, C, y_scale, y_zero_point } = inputs;
    const operand = (x: Value | undefined, turned: number): Value | undefined =>
      turned ? build.node("Transpose", [x], { perm: [1, 0] }) : x;
    const [a, b] = [operand(A, attributes.transA), operand(B, attributes.transB)];
    const product = build.node("MatMulInteger", [a, b, a_zero_point, b_zero_point]);
    const sum = build.node("Cast", [C ? build.node("Add", [product, C]) : product], { to: onnxCodeOf("f32") });
    // one factor for all steps, so that a sum is rounded once
    const alpha = build.constant("f32", [], [attributes.alpha]);
    const scale = build.node("Mul", [build.node("Mul", [alpha, a_scale]), b_scale]);
    if (!y_scale) return { Y: build.node("Mul", [sum, scale]) };
    const y = build.node("Mul", [sum, build.node("Div", [scale, y_scale])]);
    const zero = y_zero_point ?? build.constant(dtypes.A!, [], [0]);
    return { Y: build.node("QuantizeLinear", [y, build.constant("f32", [], [1]), zero]) };
  },
};

export const doc: OperatorDoc = {
  summary:
    "alpha · a_scale · b_scale · ((A − a_zero_point) · (B − b_zero_point) + C), quantised where y_scale is given",
  dtypes: "A and B u8 or i8, C i32",
  opsets: [1, 1],
};
/** sums of integers are exact; scales round three times */
export const tolerance: Tolerance = { relative: 4, absolute: 0 };

export const reference: Reference = (inputs, { alpha = 1, transA, transB }) => {
  const { A, a_scale, a_zero_point, B, b_scale, b_zero_point, C, y_scale, y_zero_point } = inputs;
  const [M, K] = transA ? [A!.dims[1]!, A!.dims[0]!] : (A!.dims as [number, number]);
  const N = B!.dims[transB ? 0 : 1]!;
  const [a, b] = [elements(A!), elements(B!)];
  const [zeroA, zeroB, scaleB] = [a_zero_point!, b_zero_point!, b_scale!].map(t => broadcastReader(t));
  const c = C && broadcastReader(C);
  const dtype = y_scale ? (y_zero_point ?? A!).dtype : "f32";
  const Y = tabulate(dtype, [M, N], index => {
    const [m, n] = index as [number, number];
    let sum = c ? Number(c(index)) : 0;
    for (let k = 0; k < K; k++)
      sum +=
        (Number(a(transA ? [k, m] : [m, k])) - Number(zeroA!(index))) *
        (Number(b(transB ? [n, k] : [k, n])) - Number(zeroB!(index)));
    // each step in f32, whose rounding decides ties
    const scale = Math.fround(Math.fround(Math.fround(alpha) * Number(a_scale!.data[0])) * Number(scaleB!(index)));
    if (!y_scale) return Math.fround(sum) * scale;
    const ratio = Math.fround(Math.fround(sum) * Math.fround(scale / Number(y_scale.data[0])));
    return quantizedReference(ratio, y_zero_point ? Number(y_zero_point.data[0]) : 0, dtype);
  });
  return { Y };
};

interface More {
  readonly columns?: boolean;
  readonly C?: readonly number[];
  readonly quantized?: boolean;
}
const of = (
  name: string,
  [a, b]: readonly [readonly number[], readonly number[]],
  { columns, C, quantized }: More,
  attributes: Attributes = {},
): OperatorCase => {
  const perColumn = columns ? [b[attributes.transB ? 0 : 1]!] : [];
  return {
    name,
    attributes,
    inputs: {
      A: { dtype: "u8", dims: a, range: [0, 255] },
      a_scale: { dtype: "f32", dims: [], data: [0.0371] },
      a_zero_point: { dtype: "u8", dims: [], data: [120] },
      B: { dtype: "i8", dims: b, range: [-128, 127] },
      b_scale: { dtype: "f32", dims: perColumn, range: [0.01, 0.1] },
      b_zero_point: { dtype: "i8", dims: perColumn },
      ...(C ? { C: { dtype: "i32" as const, dims: C, range: [-9000, 9000] as const } } : {}),
      ...(quantized
        ? {
            y_scale: { dtype: "f32" as const, dims: [], data: [2.31] },
            y_zero_point: { dtype: "u8" as const, dims: [], data: [117] },
          }
        : {}),
    },
  };
};
const plain = [
  [5, 17],
  [17, 3],
] as const;
export const cases = (): readonly OperatorCase[] => [
  of("real", plain, {}, { alpha: 0.5 }),
  of("quantised, with C by column", plain, { quantized: true, C: [3] }),
  of("scales by column, C whole", plain, { columns: true, C: [5, 3] }),
  of("scales by column, quantised", plain, { columns: true, quantized: true, C: [1, 3] }),
  of(
    "both transposed",
    [
      [17, 5],
      [3, 17],
    ],
    { quantized: true },
    { transA: 1, transB: 1 },
  ),
  of(
    "nothing",
    [
      [0, 17],
      [17, 3],
    ],
    { quantized: true },
  ),
];
