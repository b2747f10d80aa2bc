// BitCast: the same bits as another dtype of the same size.
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf } from "../ir/dtypes.js";
import { floatFromBits, floatToBits } from "../ir/float-bits.js";
import { targetDtype } from "./cast.js";
import { refuse } from "./checks.js";
import { onnxDtypes } from "./onnx-dtypes.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { elements, exact, tabulate } from "./reference-tensors.js";

function sameSize(node: NodeInfo): Dtype {
  const [from, to] = [node.dtypes.input!, targetDtype("BitCast", node)];
  if (bytesOf(from) !== bytesOf(to))
    refuse(
      "operator-attribute",
      "BitCast",
      node,
      `input is ${from} and to names ${to}, which differ in size; choose a dtype of ${bytesOf(from)} bytes, or use Cast`,
    );
  return to;
}

export const operator: Operator = {
  name: "BitCast",
  inputs: ["input"],
  outputs: ["output"],
  attributes: { to: { type: "int", required: true } },
  shape: ({ dims }) => ({ output: dims.input! }),
  dtypes: node => ({ output: sameSize(node) }),
  at: context => ({ output: (...i) => context.inputs.input!.at(...i).bitcast(sameSize(context)) }),
};

export const doc: OperatorDoc = {
  summary: "The same bits as another dtype of the same size",
  dtypes: "number or bool",
  opsets: [26, 26],
};
export const tolerance = exact;

type Access = readonly [set: (v: DataView, x: Element) => void, get: (v: DataView) => Element];
const half = (dtype: "f16" | "bf16"): Access => [
  (v, x) => v.setUint16(0, floatToBits(dtype, Number(x))),
  v => floatFromBits(dtype, v.getUint16(0)),
];
const bytes: Access = [(v, x) => v.setUint8(0, Number(x)), v => v.getUint8(0)];
const access = (dtype: Dtype): Access | undefined => {
  const table: Partial<Record<Dtype, Access>> = {
    f64: [(v, x) => v.setFloat64(0, Number(x)), v => v.getFloat64(0)],
    f32: [(v, x) => v.setFloat32(0, Number(x)), v => v.getFloat32(0)],
    f16: half("f16"),
    bf16: half("bf16"),
    i64: [(v, x) => v.setBigInt64(0, BigInt(x)), v => v.getBigInt64(0)],
    u64: [(v, x) => v.setBigUint64(0, BigInt(x)), v => v.getBigUint64(0)],
    i32: [(v, x) => v.setInt32(0, Number(x)), v => v.getInt32(0)],
    u32: [(v, x) => v.setUint32(0, Number(x)), v => v.getUint32(0)],
    i16: [(v, x) => v.setInt16(0, Number(x)), v => v.getInt16(0)],
    u16: [(v, x) => v.setUint16(0, Number(x)), v => v.getUint16(0)],
    i8: [(v, x) => v.setInt8(0, Number(x)), v => v.getInt8(0)],
    u8: bytes,
    // a bool is 0 or 1 whatever the byte was
    bool: [bytes[0], v => Number(v.getUint8(0) !== 0)],
  };
  return table[dtype];
};

export const reference: Reference = ({ input }, { to }) => {
  const dtype = onnxDtypes[to]!;
  const [view, read] = [new DataView(new ArrayBuffer(8)), elements(input!)];
  const [set, get] = [access(input!.dtype)![0], access(dtype)![1]];
  const output = tabulate(dtype, input!.dims, i => {
    set(view, read(i)!);
    return get(view);
  });
  return { output };
};

const of = (from: Dtype, to: number, dims: readonly number[] = [3, 7]): OperatorCase => ({
  name: `${from} to ${onnxDtypes[to]}, ${dims.join("×") || "scalar"}`,
  attributes: { to },
  inputs: { input: { dtype: from, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  of("f32", 6),
  of("f32", 12, []),
  of("f32", 6, [0, 3]),
  of("f64", 7),
  of("f16", 5),
  of("bf16", 4),
  of("u64", 7),
  of("i64", 13),
  of("u32", 6),
  of("i8", 2),
  of("bool", 2),
  of("u8", 9),
];
