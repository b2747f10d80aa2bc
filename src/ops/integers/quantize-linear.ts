// QuantizeLinear: x / scale, rounded and moved by a zero point, in a dtype of few bits.
import type { Dtype } from "../../ir/dtypes.js";
import { isFloat } from "../../ir/dtypes.js";
import { isNarrowFloat, roundToFloat } from "../../ir/float-bits.js";
import { refuse } from "../checks.js";
import { onnxCodeOf, onnxDtypes } from "../onnx-dtypes.js";
import type { CaseInput, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import {
  checkGranularity,
  granularityAttributes,
  namedDtype,
  parameterAt,
  parameterReader,
  quantized,
  quantizedReference,
  rounded,
} from "./quantization.js";
import { numberOf } from "../known-values.js";
import { elements, exact, tabulate } from "../reference-tensors.js";

const name = "QuantizeLinear";

function resultDtype(node: NodeInfo): Dtype {
  const [asked, zero] = [namedDtype(name, node, "output_dtype"), node.dtypes.y_zero_point];
  if (asked && zero && asked !== zero)
    refuse("graph-invalid", name, node, `output_dtype is ${asked} and y_zero_point is ${zero}; they must agree`);
  return asked ?? zero ?? "u8";
}
/** The dtype whose rounding x / scale has; powers of two divide in f32. */
function divisionDtype(node: NodeInfo): Dtype {
  const dtype = namedDtype(name, node, "precision") ?? node.dtypes.y_scale!;
  return isFloat(dtype) && dtype !== "f8e8m0" ? dtype : "f32";
}

export const operator: Operator = {
  name,
  inputs: ["x", "y_scale", "y_zero_point?"],
  outputs: ["y"],
  attributes: {
    ...granularityAttributes,
    saturate: { type: "int", default: 1 },
    precision: { type: "int", default: 0 },
  },
  dtypes: node => ({ y: resultDtype(node) }),
  shape: node => {
    for (const p of ["y_scale", "y_zero_point"]) checkGranularity(name, node, "x", p);
    return { y: node.dims.x! };
  },
  at: context => {
    const { inputs, attributes } = context;
    const precision = divisionDtype(context);
    const dtype = precision === "f64" ? "f64" : "f32";
    const isOne = context.known.y_scale?.data.every(s => numberOf(s) === 1) ?? false;
    return {
      y: (...i) => {
        const scale = parameterAt(context, "y_scale", "x", i);
        const x = rounded(inputs.x!.at(...i).cast(dtype));
        const ratio = isOne ? x : x.div(rounded(scale.cast(dtype)));
        const zero = inputs.y_zero_point && parameterAt(context, "y_zero_point", "x", i);
        return quantized(ratio.cast(precision).cast(dtype), zero, resultDtype(context), attributes.saturate);
      },
    };
  },
};

export const reference: Reference = ({ x, y_scale, y_zero_point }, attributes) => {
  const dtype = y_zero_point?.dtype ?? onnxDtypes[attributes.output_dtype] ?? "u8";
  const precision = onnxDtypes[attributes.precision] ?? y_scale!.dtype;
  const round =
    isNarrowFloat(precision) && precision !== "f8e8m0" ? (r: number) => roundToFloat(precision, r) : Math.fround;
  const rank = x!.dims.length;
  const [read, scale, zero] = [
    elements(x!),
    parameterReader(y_scale, rank, attributes),
    parameterReader(y_zero_point, rank, attributes),
  ];
  const value = (i: readonly number[]): number =>
    quantizedReference(round(Math.fround(Number(read(i))) / scale(i)), zero(i), dtype, attributes.saturate);
  return { y: tabulate(dtype, x!.dims, value) };
};

const positive = (dtype: Dtype, dims: readonly number[]): CaseInput => ({ dtype, dims, range: [0.05, 0.5] });
const targets = [
  "u8",
  "i8",
  "u16",
  "i16",
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
const zeroOf = (dtype: Dtype, dims: readonly number[]): CaseInput =>
  isFloat(dtype) ? { dtype, dims, range: [0, 0] } : { dtype, dims };
export const cases = (): readonly OperatorCase[] => [
  ...targets.flatMap((dtype): OperatorCase[] => [
    {
      name: `f32 to ${dtype}`,
      inputs: {
        x: { dtype: "f32", dims: [3, 19], range: [-40, 40] },
        y_scale: positive("f32", []),
        y_zero_point: zeroOf(dtype, []),
      },
    },
    {
      name: `f16 to ${dtype}, an axis`,
      attributes: { axis: -1 },
      inputs: { x: { dtype: "f16", dims: [3, 17] }, y_scale: positive("f16", [17]), y_zero_point: zeroOf(dtype, [17]) },
    },
    {
      name: `f32 to ${dtype}, blocks`,
      attributes: { axis: 0, block_size: 3, output_dtype: onnxCodeOf(dtype) },
      inputs: { x: { dtype: "f32", dims: [7, 5] }, y_scale: positive("f32", [3, 5]) },
    },
  ]),
  {
    name: "what no integer holds",
    inputs: {
      x: { dtype: "f32", dims: [7], data: [Infinity, -Infinity, 3e9, -3e9, 1e30, -0, 0.5] },
      y_scale: { dtype: "f32", dims: [], data: [1] },
      y_zero_point: { dtype: "i8", dims: [], data: [5] },
    },
  },
  {
    name: "floats that do not saturate",
    attributes: { saturate: 0 },
    inputs: {
      x: { dtype: "f32", dims: [4], data: [1e5, -1e5, 61440, 3] },
      y_scale: { dtype: "f32", dims: [1], data: [1] },
      y_zero_point: { dtype: "f8e5m2", dims: [1], data: [0] },
    },
  },
  {
    name: "integers by a bf16 scale",
    inputs: { x: { dtype: "i32", dims: [2, 9], range: [-300, 300] }, y_scale: positive("bf16", [1]) },
  },
  {
    name: "f32 divided with the precision of f16",
    attributes: { precision: onnxCodeOf("f16") },
    inputs: { x: { dtype: "f32", dims: [23], range: [-30, 30] }, y_scale: positive("f32", []) },
  },
  { name: "powers of two", inputs: { x: { dtype: "f32", dims: [2, 5] }, y_scale: { dtype: "f8e8m0", dims: [] } } },
  { name: "nothing", inputs: { x: { dtype: "f32", dims: [0, 3] }, y_scale: positive("f32", []) } },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary:
    "x / y_scale + y_zero_point, rounded to nearest even and kept in range; a scale for the tensor, for each index of an axis, or for blocks of it",
  dtypes: "f32, f16, bf16 and i32; the result an integer of 2 to 16 bits or a float of 4 or 8 bits",
  opsets: [10, 28],
};
