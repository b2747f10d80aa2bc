// DequantizeLinear: (x − zero point) · scale.
import type { Dtype } from "../../ir/dtypes.js";
import { isFloat } from "../../ir/dtypes.js";
import { refuse } from "../checks.js";
import { onnxCodeOf, onnxDtypes } from "../onnx-dtypes.js";
import type { CaseInput, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { checkGranularity, granularityAttributes, namedDtype, parameterAt, parameterReader } from "./quantization.js";
import { elements, tabulate } from "../reference-tensors.js";

const name = "DequantizeLinear";

function resultDtype(node: NodeInfo): Dtype {
  const dtype = namedDtype(name, node, "output_dtype") ?? node.dtypes.x_scale!;
  if (!isFloat(dtype) || dtype === "f8e8m0")
    refuse("operator-attribute", name, node, `the result would be ${dtype}; set output_dtype to f32, f16 or bf16`);
  return dtype;
}

export const operator: Operator = {
  name,
  inputs: ["x", "x_scale", "x_zero_point?"],
  outputs: ["y"],
  attributes: granularityAttributes,
  dtypes: node => ({ y: resultDtype(node) }),
  shape: node => {
    for (const p of ["x_scale", "x_zero_point"]) checkGranularity(name, node, "x", p);
    return { y: node.dims.x! };
  },
  at: context => {
    const { inputs, dtypes } = context;
    // integers are subtracted as integers, floats as floats
    const difference = isFloat(dtypes.x!) ? "f32" : "i32";
    return {
      y: (...i) => {
        const x = inputs.x!.at(...i).cast(difference);
        const zero = inputs.x_zero_point && parameterAt(context, "x_zero_point", "x", i).cast(difference);
        const scale = parameterAt(context, "x_scale", "x", i).cast("f32");
        return (zero ? x.sub(zero) : x).cast("f32").mul(scale).cast(resultDtype(context));
      },
    };
  },
};

export const reference: Reference = ({ x, x_scale, x_zero_point }, attributes) => {
  const rank = x!.dims.length;
  const [read, scale, zero] = [
    elements(x!),
    parameterReader(x_scale, rank, attributes),
    parameterReader(x_zero_point, rank, attributes),
  ];
  const value = (i: readonly number[]): number => (Number(read(i)) - zero(i)) * scale(i);
  return { y: tabulate(onnxDtypes[attributes.output_dtype] ?? x_scale!.dtype, x!.dims, value) };
};

const positive = (dtype: Dtype, dims: readonly number[]): CaseInput => ({ dtype, dims, range: [0.05, 0.5] });
const sources = [
  "u8",
  "i8",
  "u16",
  "i16",
  "i32",
  "u4",
  "i4",
  "u2",
  "i2",
  "f8e4m3fn",
  "f8e4m3fnuz",
  "f8e5m2",
  "f8e5m2fnuz",
  "f4e2m1",
] as const;
/** differences of 32 bits may need 33: ONNX has zeros there */
const zeroOf = (dtype: Dtype, dims: readonly number[]): CaseInput =>
  isFloat(dtype) || dtype === "i32" ? { dtype, dims, range: [0, 0] } : { dtype, dims };
export const cases = (): readonly OperatorCase[] => [
  ...sources.flatMap((dtype): OperatorCase[] => [
    {
      name: `${dtype} to f32`,
      inputs: { x: { dtype, dims: [3, 19] }, x_scale: positive("f32", []), x_zero_point: zeroOf(dtype, []) },
    },
    {
      name: `${dtype} to f16, an axis`,
      attributes: { axis: 0 },
      inputs: { x: { dtype, dims: [3, 17] }, x_scale: positive("f16", [3]), x_zero_point: zeroOf(dtype, [3]) },
    },
    {
      name: `${dtype} to bf16, blocks`,
      attributes: { axis: -1, block_size: 4, output_dtype: onnxCodeOf("bf16") },
      inputs: { x: { dtype, dims: [3, 10] }, x_scale: positive("f32", [3, 3]), x_zero_point: zeroOf(dtype, [3, 3]) },
    },
  ]),
  {
    name: "constant weights of 4 bits in blocks",
    attributes: { axis: 0, block_size: 16 },
    inputs: {
      x: { dtype: "i4", dims: [32, 9], constant: true },
      x_scale: { ...positive("f32", [2, 9]), constant: true },
    },
  },
  {
    name: "powers of two",
    attributes: { output_dtype: onnxCodeOf("f32") },
    inputs: { x: { dtype: "f4e2m1", dims: [2, 5] }, x_scale: { dtype: "f8e8m0", dims: [] } },
  },
  { name: "nothing", inputs: { x: { dtype: "u8", dims: [0, 3] }, x_scale: positive("f32", []) } },
];

/** one product, rounded once */
export const tolerance = { relative: 1, absolute: 0 };

export const doc: OperatorDoc = {
  summary: "(x − x_zero_point) · x_scale; a scale for the tensor, for each index of an axis, or for blocks of it",
  dtypes: "integers of 2 to 32 bits and floats of 4 and 8 bits; the result f32, f16 or bf16",
  opsets: [10, 28],
};
