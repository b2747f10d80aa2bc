// CastLike: the input in the dtype of another tensor, whose content does not matter.
import { isFloat } from "../ir/dtypes.js";
import { castElement } from "./cast.js";
import { mapKnown } from "./known-values.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elementOf, elements, exact, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "CastLike",
  inputs: ["input", "target_type"],
  outputs: ["output"],
  attributes: { saturate: { type: "int", default: 1 }, round_mode: { type: "string", default: "up" } },
  dtypes: node => ({ output: node.dtypes.target_type! }),
  shape: node => ({ output: node.dims.input! }),
  values: ({ known, dtypes }) => ({ output: mapKnown([known.input], x => castElement(x, dtypes.target_type!)) }),
  at: ({ inputs, dtypes }) => ({ output: (...index) => inputs.input!.at(...index).cast(dtypes.target_type!) }),
};

export const reference: Reference = ({ input, target_type }) => {
  const dtype = target_type!.dtype;
  const read = elements(input!);
  const output = tabulate(dtype, input!.dims, i => {
    const x = read(i)!;
    if (dtype === "bool") return Number(x) === 0 ? 0 : 1;
    return isFloat(dtype) ? Number(x) : elementOf(dtype, Math.trunc(Number(x)));
  });
  return { output };
};

const like = (dtype: "f32" | "i64" | "f16" | "bool") => ({ dtype, dims: [1] }) as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "floats to integers", inputs: { input: { dtype: "f32", dims: [7] }, target_type: like("i64") } },
  { name: "integers to floats", inputs: { input: { dtype: "i32", dims: [2, 3] }, target_type: like("f32") } },
  {
    name: "numbers to truths",
    inputs: { input: { dtype: "i8", dims: [4], data: [0, 1, -2, 0] }, target_type: like("bool") },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "The input in the dtype of another tensor",
  dtypes: "number and bool",
  opsets: [15, 25],
  limits: "saturate and round_mode concern 8-bit floats, which are not supported",
};
