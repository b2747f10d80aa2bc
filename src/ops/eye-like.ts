// EyeLike: ones on a diagonal of a matrix with the input's dims.
import type { Dtype } from "../ir/dtypes.js";
import { literal, where } from "../tile/index.js";
import { printDims, refuse } from "./checks.js";
import { dtypeOfOnnx, dtypeOr } from "./onnx-dtypes.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elementOf, exact, tabulate } from "./reference-tensors.js";

const dtypeOf = (node: NodeInfo): Dtype => dtypeOr(node.dtypes.input!, "EyeLike", node, node.attributes.dtype);

export const operator: Operator = {
  name: "EyeLike",
  inputs: ["input"],
  outputs: ["output"],
  attributes: { k: { type: "int", default: 0 }, dtype: { type: "int" } },
  dtypes: node => ({ output: dtypeOf(node) }),
  shape: node => {
    const dims = node.dims.input!;
    if (dims.length !== 2) refuse("shape", "EyeLike", node, `input is ${printDims(dims)}; it must be a matrix`);
    return { output: dims };
  },
  at: context => {
    const dtype = dtypeOf(context);
    return {
      output: (i, j) => where(j!.eq(i!.add(context.attributes.k)), literal(dtype, 1), literal(dtype, 0)),
    };
  },
};

export const reference: Reference = ({ input }, { k = 0, dtype }) => {
  const to = dtype === undefined ? input!.dtype : dtypeOfOnnx("EyeLike", { name: "reference" }, dtype);
  return { output: tabulate(to, input!.dims, ([i, j]) => elementOf(to, j === i! + k ? 1 : 0)) };
};

export const cases = (): readonly OperatorCase[] => [
  { name: "the main diagonal", inputs: { input: { dtype: "f32", dims: [4, 7] } } },
  { name: "above it, as i64", attributes: { k: 2, dtype: 7 }, inputs: { input: { dtype: "f32", dims: [5, 5] } } },
  { name: "below it", attributes: { k: -1 }, inputs: { input: { dtype: "i32", dims: [3, 3] } } },
];

export const tolerance = exact;

export const doc: OperatorDoc = { summary: "Ones on a diagonal", dtypes: "number", opsets: [9, 22] };
