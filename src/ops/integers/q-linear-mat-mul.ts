// QLinearMatMul: the matrix product of quantised tensors, quantised again. Sums of integers are exact in i32; one scale, in f32, takes them to
// the result.
import type { Dtype } from "../../ir/dtypes.js";
import { integerProductReference, productReader } from "./integer-product-references.js";
import { checkProductParameter, integerProduct, productParameter } from "./integer-products.js";
import { stridesOf } from "../known-values.js";
import { matMulDims } from "../mat-mul.js";
import type { CaseInput, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { quantized, quantizedReference, rounded } from "./quantization.js";
import { exact, numbersOf, tabulate } from "../reference-tensors.js";

const name = "QLinearMatMul";

export const operator: Operator = {
  name,
  inputs: ["a", "a_scale", "a_zero_point", "b", "b_scale", "b_zero_point", "y_scale", "y_zero_point"],
  outputs: ["y"],
  dtypes: node => ({ y: node.dtypes.y_zero_point! }),
  shape: node => {
    const y = matMulDims(name, node, "a", "b");
    for (const p of ["a_scale", "a_zero_point"]) checkProductParameter(name, node, p, "a", "rows");
    for (const p of ["b_scale", "b_zero_point"]) checkProductParameter(name, node, p, "b", "columns");
    const made = { ...node, dims: { ...node.dims, y } };
    for (const p of ["y_scale", "y_zero_point"]) checkProductParameter(name, made, p, "y", "rows");
    return { y };
  },
  at: context => {
    const out = context.outputs.y!;
    return {
      y: (...i) => {
        const of = (p: string, along: "rows" | "columns") => productParameter(context, p, along, i, out);
        const sum = integerProduct(context, ["a", "a_zero_point"], ["b", "b_zero_point"], i, out);
        const scales = of("a_scale", "rows").cast("f32").mul(of("b_scale", "columns").cast("f32"));
        const scale = rounded(rounded(scales).div(of("y_scale", "rows").cast("f32")));
        return quantized(rounded(sum.cast("f32")).mul(scale), of("y_zero_point", "rows"), context.dtypes.y_zero_point!);
      },
    };
  },
};

export const reference: Reference = tensors => {
  const { a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point } = tensors;
  const product = integerProductReference(a!, b!, a_zero_point, b_zero_point);
  const sums = numbersOf(product);
  const strides = stridesOf(product.dims);
  const [scaleA, scaleB] = [productReader(a_scale, "rows"), productReader(b_scale, "columns")];
  const [scaleY, zeroY] = [productReader(y_scale, "rows"), productReader(y_zero_point, "rows")];
  // each step in f32, whose rounding decides ties
  const value = (i: readonly number[]): number => {
    const scale = Math.fround(Math.fround(scaleA(i) * scaleB(i)) / scaleY(i));
    const sum = Math.fround(sums[i.reduce((at, x, d) => at + x * strides[d]!, 0)]!);
    return quantizedReference(Math.fround(sum * scale), zeroY(i), y_zero_point!.dtype);
  };
  return { y: tabulate(y_zero_point!.dtype, product.dims, value) };
};

const full = (dtype: Dtype, dims: readonly number[]): CaseInput => ({
  dtype,
  dims,
  range: dtype === "u8" ? [0, 255] : [-128, 127],
});
const scale = (dims: readonly number[], of = 0.01, dtype: Dtype = "f32"): CaseInput => ({
  dtype,
  dims,
  range: [of, 3 * of],
});
const quantity = (n: string, dtype: Dtype, dims: readonly number[], per: readonly number[], of = 0.01) => ({
  [n]: full(dtype, dims),
  [`${n}_scale`]: scale(per, of),
  [`${n}_zero_point`]: full(dtype, per),
});
/** small whole numbers and scales that are powers of two: every order of summation gives the same */
const wholes = (n: string, dtype: Dtype, dims: readonly [number, number]) => ({
  [n]: { dtype, dims, data: Array.from({ length: dims[0] * dims[1] }, (_, i) => ((i * 5) % 7) - 3) },
  [`${n}_scale`]: { dtype: "f32" as const, dims: [], data: [0.5] },
  [`${n}_zero_point`]: { dtype, dims: [], data: [0] },
});
const result = (dtype: Dtype, per: readonly number[], of = 0.1) => ({
  y_scale: scale(per, of),
  y_zero_point: full(dtype, per),
});
export const cases = (): readonly OperatorCase[] => [
  ...(["u8", "i8"] as const).map(
    (dtype): OperatorCase => ({
      name: dtype,
      inputs: { ...quantity("a", dtype, [5, 19], []), ...quantity("b", dtype, [19, 13], [1]), ...result(dtype, []) },
    }),
  ),
  {
    name: "u8 by i8, columns with scales of their own",
    inputs: { ...quantity("a", "u8", [2, 5, 7], []), ...quantity("b", "i8", [7, 9], [9]), ...result("u8", []) },
  },
  {
    name: "rows with scales of their own",
    inputs: { ...quantity("a", "i8", [5, 7], [5]), ...quantity("b", "i8", [7, 9], []), ...result("i8", [5]) },
  },
  ...(["f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz"] as const).map(
    (dtype): OperatorCase => ({
      name: dtype,
      inputs: {
        ...wholes("a", dtype, [5, 7]),
        ...wholes("b", dtype, [7, 9]),
        y_scale: { dtype: "f32", dims: [], data: [4] },
        y_zero_point: { dtype, dims: [], data: [0] },
      },
    }),
  ),
  {
    name: "zero points known to be 0",
    inputs: {
      ...quantity("a", "i8", [5, 7], []),
      ...quantity("b", "i8", [7, 9], [9]),
      b_zero_point: { dtype: "i8", dims: [9], data: new Array<number>(9).fill(0), constant: true },
      ...result("i8", []),
    },
  },
  {
    name: "f16 scales",
    inputs: {
      a: full("u8", [3, 8]),
      a_scale: scale([1], 0.01, "f16"),
      a_zero_point: full("u8", [1]),
      b: full("u8", [8, 5]),
      b_scale: scale([1], 0.01, "f16"),
      b_zero_point: full("u8", [1]),
      y_scale: scale([1], 0.05, "f16"),
      y_zero_point: full("u8", [1]),
    },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary:
    "The matrix product of quantised tensors, quantised: sums in i32, then one product with a_scale · b_scale / y_scale in f32, rounded to nearest even",
  dtypes: "i8, u8 and 8-bit floats",
  opsets: [10, 21],
};
