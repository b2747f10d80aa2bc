// MatMulBnb4 of com.microsoft: A · B with weights of 4 bits in bitsandbytes' data types FP4 and NF4, in blocks that share a factor
// (Dettmers et al., 2023, https://arxiv.org/abs/2305.14314).
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { requireEqual } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import * as matMul from "../mat-mul.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { tabulate } from "../reference-tensors.js";

const op = "MatMulBnb4";
const fp4 = [0, 0.00520833, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25];
/** Values of the 16 codes: FP4, then NF4. */
const codes: readonly (readonly number[])[] = [
  [...fp4, ...fp4.map(x => -x)],
  [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
  ],
];

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["A", "B", "absmax"],
  outputs: ["Y"],
  attributes: {
    K: { type: "int", required: true },
    N: { type: "int", required: true },
    block_size: { type: "int", required: true },
    quant_type: { type: "int", required: true },
    training_mode: { type: "int", default: 0 },
    transB: { type: "int", default: 1 },
  },
  shape: node => {
    const { K, N, block_size, quant_type, transB } = node.attributes;
    if (!codes[quant_type])
      refuse("operator-attribute", op, node, `quant_type ${quant_type} is unknown; use 0 for FP4 or 1 for NF4`);
    requireRanks(op, node, { A: { least: 1 }, B: { least: 1 }, absmax: { least: 1 } });
    const { A, B, absmax } = node.dims;
    const [own, other] = transB ? [K, N] : [N, K];
    requireEqual(op, node, A!.at(-1)!, Poly.int(own), `A of ${printDims(A!)} has no rows of ${own}; they must agree`);
    const sizes = { B: Math.ceil((N * K) / 2), absmax: Math.ceil((N * K) / block_size) };
    for (const [n, dims] of Object.entries({ B: B!, absmax: absmax! })) {
      const wanted = sizes[n as "B"];
      requireEqual(
        op,
        node,
        Poly.product(dims),
        Poly.int(wanted),
        `${n} of ${printDims(dims)} must hold ${wanted} elements for N = ${N}, K = ${K} and blocks of ${block_size}`,
      );
    }
    return { Y: [...A!.slice(0, -1), Poly.int(other)] };
  },
  expand: ({ inputs: { A, B, absmax }, attributes, dtypes }, build) => {
    const { K, N, block_size, quant_type, transB } = attributes;
    const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
    const column = build.node("Reshape", [B, vector(-1, 1)]);
    // the first of two lies in the upper half of a byte
    const halves = [
      build.node("BitShift", [column, build.constant("u8", [], [4])], { direction: "RIGHT" }),
      build.node("BitwiseAnd", [column, build.constant("u8", [], [15])]),
    ];
    const nibbles = build.node("Reshape", [build.node("Concat", halves, { axis: 1 }), vector(-1)]);
    const index = build.node("Cast", [build.node("Slice", [nibbles, vector(0), vector(N * K)])], {
      to: onnxCodeOf("i32"),
    });
    const values = build.node("Gather", [build.constant("f32", [16], codes[quant_type]!), index]);
    const scalar = (x: number): Value => build.constant("i64", [], [x]);
    const places = build.node("Range", [scalar(0), scalar(N * K), scalar(1)]);
    const block = build.node("Div", [places, scalar(block_size)]);
    const factors = build.node("Cast", [build.node("Gather", [build.node("Reshape", [absmax, vector(-1)]), block])], {
      to: onnxCodeOf("f32"),
    });
    const real = build.node("Cast", [build.node("Mul", [values, factors])], { to: onnxCodeOf(dtypes.A!) });
    const weights = build.node("Reshape", [real, vector(N, K)]);
    return { Y: build.node("MatMul", [A, transB ? build.node("Transpose", [weights], { perm: [1, 0] }) : weights]) };
  },
};

export const doc: OperatorDoc = {
  summary: "A · Bᵀ (or A · B) with weights of 4 bits, FP4 or NF4, in blocks that share a factor",
  dtypes: "A float, B u8",
  opsets: [1, 1],
};
export const tolerance = matMul.tolerance;

export const reference: Reference = ({ A, B, absmax }, { K, N, block_size, quant_type, transB = 1 }, node) => {
  const weight = (n: number, k: number): number => {
    const at = n * K + k;
    const byte = Number(B!.data[at >> 1]);
    return (
      codes[quant_type]![at % 2 === 0 ? byte >> 4 : byte & 15]! * Number(absmax!.data[Math.floor(at / block_size)])
    );
  };
  const real = transB
    ? tabulate("f64", [K, N], ([k, n]) => weight(n!, k!))
    : tabulate("f64", [N, K], ([n, k]) => weight(n!, k!));
  return { Y: matMul.reference({ A: A!, B: real }, {}, node).Y! };
};

const of = (rows: readonly number[], attributes: Attributes, dtype: "f32" | "f16" = "f32"): OperatorCase => {
  const { K, N, block_size, transB = 1 } = attributes;
  return {
    name: `${dtype} ${rows.join("×")} rows, ${JSON.stringify(attributes)}`,
    attributes,
    inputs: {
      A: { dtype, dims: [...rows, transB ? K : N] },
      B: { dtype: "u8", dims: [Math.ceil((N * K) / 2)], range: [0, 255] },
      absmax: { dtype, dims: [Math.ceil((N * K) / block_size)], range: [0.1, 1] },
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3], { K: 32, N: 8, block_size: 16, quant_type: 1 }, d as "f32")),
  of([2, 3], { K: 32, N: 5, block_size: 32, quant_type: 0 }),
  of([3], { K: 17, N: 3, block_size: 16, quant_type: 1 }),
  of([3], { K: 16, N: 6, block_size: 16, quant_type: 1, transB: 0 }),
];
