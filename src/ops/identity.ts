// Identity: the input.
import { plain } from "./host-types.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, movedDtypes } from "./reference-tensors.js";
import { reshapeClass } from "./reshape-class.js";

export const operator: Operator = {
  name: "Identity",
  inputs: ["input"],
  outputs: ["output"],
  ...reshapeClass("input", "output", node => node.dims.input!),
  text: true,
  host: {
    reason: "sequences and optionals live on the host",
    types: ({ types }) => ({ output: plain(types.input!) }),
    run: ({ input }) => ({ output: input }),
  },
};

export const reference: Reference = ({ input }) => ({ output: input! });

export const cases = (): readonly OperatorCase[] => [
  { name: "floats", inputs: { input: { dtype: "f32", dims: [2, 3] } } },
  { name: "a 64-bit scalar", inputs: { input: { dtype: "i64", dims: [] } } },
  { name: "nothing", inputs: { input: { dtype: "f16", dims: [0] } } },
  ...movedDtypes.map((dtype): OperatorCase => ({ name: dtype, inputs: { input: { dtype, dims: [3, 5] } } })),
];

export const tolerance = exact;

export const doc: OperatorDoc = { summary: "The input", dtypes: "any", opsets: [1, 25] };
