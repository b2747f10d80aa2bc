// MatMulIntegerToFloat of com.microsoft: the product of two matrices of 8 bits, scaled to real numbers, plus a bias.
import type { Dims, Value } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { requireEntries } from "../broadcast.js";
import { printDims, refuse } from "../checks.js";
import { broadcastReader } from "../elementwise-references.js";
import { checkProductParameter } from "../integers/integer-products.js";
import * as matMul from "../mat-mul.js";
import type {
  Builder,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";

/** Dims of the product; what scales and moves it is single, or of B's columns. */
export function scaledProductDims(op: string, node: NodeInfo): Dims {
  for (const name of ["a_scale", "a_zero_point"]) requireSingle(op, node, name);
  for (const name of ["b_scale", "b_zero_point"]) checkProductParameter(op, node, name, "B", "columns");
  const { A, B } = node.dims as { A: Dims; B: Dims };
  const Y = matMul.operator.shape({ ...node, dims: { A, B } }).Y!;
  if (B.length > 1) requireEntries(op, node, "bias", { input: "B", what: "columns", count: B.at(-1)! });
  return Y;
}
function requireSingle(op: string, node: NodeInfo, name: string): void {
  const dims = node.dims[name];
  if (dims?.some(d => !(d.isConst && d.constant === 1)))
    refuse("shape", op, node, `${name} is ${printDims(dims)}; give one number`);
}

export const operator: Operator = {
  name: "MatMulIntegerToFloat",
  domain: "com.microsoft",
  inputs: ["A", "B", "a_scale", "b_scale", "a_zero_point?", "b_zero_point?", "bias?"],
  outputs: ["Y"],
  dtypes: ({ dtypes }) => ({ Y: dtypes.a_scale! }),
  shape: node => ({ Y: scaledProductDims("MatMulIntegerToFloat", node) }),
  expand: ({ inputs }, build) => {
    const { A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias } = inputs;
    const product = build.node("MatMulInteger", [A, B, a_zero_point, b_zero_point]);
    return { Y: scaledProduct(build, product, a_scale!, b_scale!, bias) };
  },
};

export function scaledProduct(build: Builder, product: Value, a: Value, b: Value, bias: Value | undefined): Value {
  const real = build.node("Cast", [product], { to: 1 });
  const y = build.node("Mul", [real, build.node("Mul", [a, b])]);
  return bias ? build.node("Add", [y, bias]) : y;
}

export const doc: OperatorDoc = {
  summary:
    "(A − a_zero_point) · (B − b_zero_point) · a_scale · b_scale + bias; b's parameters are single, or one for each column",
  dtypes: "A and B u8 or i8, scales f32",
  opsets: [1, 1],
};
/** sums of integers are exact; scales and bias round three times */
export const tolerance: Tolerance = { relative: 4, absolute: 2 };

export const reference: Reference = ({ A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias }, _, node) => {
  const centred = (t: ReferenceTensor, zero: ReferenceTensor | undefined): ReferenceTensor => {
    const [read, z] = [elements(t), zero && broadcastReader(zero)];
    return tabulate("f64", t.dims, i => Number(read(i)) - (z ? Number(z(i)) : 0));
  };
  const product = matMul.reference({ A: centred(A!, a_zero_point), B: centred(B!, b_zero_point) }, {}, node).Y!;
  const [read, a, b, c] = [
    elements(product),
    broadcastReader(a_scale!),
    broadcastReader(b_scale!),
    bias && broadcastReader(bias),
  ];
  return {
    Y: tabulate(
      a_scale!.dtype,
      product.dims,
      i => Number(read(i)) * Number(a(i)) * Number(b(i)) + (c ? Number(c(i)) : 0),
    ),
  };
};

const bytes = (dtype: Dtype, dims: readonly number[]) => ({
  dtype,
  dims,
  range: dtype === "u8" ? ([0, 255] as const) : ([-128, 127] as const),
});
const of = (
  name: string,
  a: readonly number[],
  b: readonly number[],
  columns: boolean,
  zeros: boolean,
  bias: boolean,
): OperatorCase => {
  const perColumn = columns ? [b.at(-1)!] : [];
  return {
    name,
    inputs: {
      A: bytes("u8", a),
      B: bytes("i8", b),
      a_scale: { dtype: "f32", dims: [], data: [0.0371] },
      b_scale: { dtype: "f32", dims: perColumn, range: [0.01, 0.1] },
      ...(zeros
        ? { a_zero_point: { dtype: "u8" as const, dims: [], data: [128] }, b_zero_point: bytes("i8", perColumn) }
        : {}),
      ...(bias ? { bias: { dtype: "f32" as const, dims: [b.at(-1)!] } } : {}),
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  of("all", [3, 17], [17, 5], false, true, true),
  of("by column", [3, 17], [17, 5], true, true, true),
  of("no zero points", [2, 3, 8], [8, 5], false, false, false),
  of("nothing", [0, 8], [8, 5], false, true, true),
];
