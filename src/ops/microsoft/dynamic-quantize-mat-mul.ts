// DynamicQuantizeMatMul of com.microsoft: A is quantised to 8 bits by its own range, then MatMulIntegerToFloat.
import { reference as quantize } from "../integers/dynamic-quantize-linear.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import {
  reference as product,
  scaledProduct,
  scaledProductDims,
  tolerance as productTolerance,
} from "./mat-mul-integer-to-float.js";

export const operator: Operator = {
  name: "DynamicQuantizeMatMul",
  domain: "com.microsoft",
  inputs: ["A", "B", "b_scale", "b_zero_point?", "bias?"],
  outputs: ["Y"],
  dtypes: ({ dtypes }) => ({ Y: dtypes.A! }),
  shape: node => ({ Y: scaledProductDims("DynamicQuantizeMatMul", node) }),
  expand: ({ inputs }, build) => {
    const { A, B, b_scale, b_zero_point, bias } = inputs;
    const [y, scale, zero] = build.several("DynamicQuantizeLinear", 3, [A]);
    const sums = build.node("MatMulInteger", [y, B, zero, b_zero_point]);
    return { Y: scaledProduct(build, sums, scale!, b_scale!, bias) };
  },
};

export const doc: OperatorDoc = {
  summary: "A quantised to 8 bits by its own range, times (B − b_zero_point) · b_scale, plus bias",
  dtypes: "A f32, B u8 or i8",
  opsets: [1, 1],
};
export const tolerance = productTolerance;

export const reference: Reference = ({ A, B, b_scale, b_zero_point, bias }, attributes, node) => {
  const { y, y_scale, y_zero_point } = quantize({ x: A! }, {}, node);
  const more = { ...(b_zero_point ? { b_zero_point } : {}), ...(bias ? { bias } : {}) };
  return product(
    { A: y!, B: B!, a_scale: y_scale!, b_scale: b_scale!, a_zero_point: y_zero_point!, ...more },
    attributes,
    node,
  );
};

const of = (
  name: string,
  a: readonly number[],
  b: readonly number[],
  columns: boolean,
  zeros: boolean,
): OperatorCase => {
  const perColumn = columns ? [b.at(-1)!] : [];
  return {
    name,
    inputs: {
      A: { dtype: "f32", dims: a },
      B: { dtype: "i8", dims: b, range: [-128, 127] },
      b_scale: { dtype: "f32", dims: perColumn, range: [0.01, 0.1] },
      ...(zeros ? { b_zero_point: { dtype: "i8" as const, dims: perColumn } } : {}),
      bias: { dtype: "f32", dims: [b.at(-1)!] },
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  of("single parameters", [3, 17], [17, 5], false, true),
  of("by column", [2, 3, 8], [8, 5], true, true),
  of("no zero points", [3, 8], [8, 5], true, false),
];
