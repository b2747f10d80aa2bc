// CastLike: the input in the dtype of another tensor, whose content does not matter.
import type { AnyTensor } from "../runtime/host-value.js";
import { castElement } from "./cast.js";
import { asText, fromText } from "./cast-text.js";
import { tensorType, textOf } from "./host-types.js";
import { mapKnown } from "./known-values.js";
import { castAttributes, castReference, castTile, checkRoundMode } from "./onnx-cast.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "CastLike",
  inputs: ["input", "target_type"],
  outputs: ["output"],
  attributes: castAttributes,
  dtypes: node => ({ output: node.dtypes.target_type! }),
  shape: node => {
    checkRoundMode("CastLike", node);
    return { output: node.dims.input! };
  },
  values: ({ known, dtypes }) => ({ output: mapKnown([known.input], x => castElement(x, dtypes.target_type!)) }),
  at: ({ inputs, dtypes, attributes }) => ({
    output: (...index) => castTile(inputs.input!.at(...index), dtypes.target_type!, attributes),
  }),
  host: {
    reason: "it looks into text",
    types: ({ types }) => {
      const { input, target_type } = types;
      return { output: target_type!.text ? textOf(input!.dims) : tensorType(target_type!.dtype, input!.dims) };
    },
    run: ({ input }, node) => ({
      output: node.types.target_type!.text
        ? asText(input as AnyTensor)
        : fromText("CastLike", node, input as AnyTensor, node.dtypes.target_type!),
    }),
  },
};

export const reference: Reference = ({ input, target_type }, attributes) => {
  const dtype = target_type!.dtype;
  const read = elements(input!);
  return { output: tabulate(dtype, input!.dims, i => castReference(read(i)!, input!.dtype, dtype, attributes)) };
};

const like = (dtype: "f32" | "i64" | "f16" | "bool" | "f8e5m2" | "i4") => ({ dtype, dims: [1] }) as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "floats to integers", inputs: { input: { dtype: "f32", dims: [7] }, target_type: like("i64") } },
  { name: "integers to floats", inputs: { input: { dtype: "i32", dims: [2, 3] }, target_type: like("f32") } },
  {
    name: "beyond what 8 bits hold",
    attributes: { saturate: 0 },
    inputs: { input: { dtype: "f32", dims: [3], data: [57344, -1e5, 3] }, target_type: like("f8e5m2") },
  },
  { name: "to 4 bits", inputs: { input: { dtype: "f16", dims: [3], data: [-8.5, 9, 2.5] }, target_type: like("i4") } },
  {
    name: "numbers to truths",
    inputs: { input: { dtype: "i8", dims: [4], data: [0, 1, -2, 0] }, target_type: like("bool") },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "The input in the dtype of another tensor",
  dtypes: "number, bool or text",
  opsets: [15, 25],
};
