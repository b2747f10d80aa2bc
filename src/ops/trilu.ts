// Trilu: the upper or lower triangle of the last two dims; zeros elsewhere.

import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { printDims, refuse } from "./checks.js";
import { indexTile } from "./index-tiles.js";
import { polyOf } from "./known-values.js";
import type { KernelContext, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elementOf, elements, exact, movedDtypes, numbersOf, tabulate } from "./reference-tensors.js";

/** The diagonal counted from the main one, upwards; it may be an input of the run. */
function diagonal({ inputs, known }: KernelContext): AnyTile {
  if (!inputs.k) return indexTile(0);
  const now = polyOf(known.k?.data[0]);
  return now ? indexTile(now) : inputs.k.at(...inputs.k.dims.map(() => 0)).cast("i32");
}

export const operator: Operator = {
  name: "Trilu",
  inputs: ["input", "k?"],
  outputs: ["output"],
  attributes: { upper: { type: "int", default: 1 } },
  shape: node => {
    const dims = node.dims.input!;
    if (dims.length < 2) refuse("shape", "Trilu", node, `input is ${printDims(dims)}; it must have at least two dims`);
    return { output: dims };
  },
  at: context => ({
    output: (...index) => {
      const above = index.at(-1)!.sub(index.at(-2)!);
      const k = diagonal(context);
      const kept = context.attributes.upper === 0 ? above.le(k) : above.ge(k);
      const x = context.inputs.input!.at(...index);
      return where(kept, x, literal(x.dtype, 0));
    },
  }),
  text: true,
};

export const reference: Reference = ({ input, k }, { upper = 1 }) => {
  const shift = k ? numbersOf(k)[0]! : 0;
  const read = elements(input!);
  const output = tabulate(input!.dtype, input!.dims, i => {
    const above = i.at(-1)! - i.at(-2)!;
    return (upper ? above >= shift : above <= shift) ? read(i)! : elementOf(input!.dtype, 0);
  });
  return { output };
};

export const cases = (): readonly OperatorCase[] => [
  { name: "upper", inputs: { input: { dtype: "f32", dims: [4, 5] } } },
  { name: "lower, batched", attributes: { upper: 0 }, inputs: { input: { dtype: "i64", dims: [2, 3, 3] } } },
  {
    name: "above the diagonal",
    inputs: { input: { dtype: "f32", dims: [5, 5] }, k: { dtype: "i64", dims: [], data: [2] } },
  },
  {
    name: "below it",
    attributes: { upper: 0 },
    inputs: { input: { dtype: "f32", dims: [5, 4] }, k: { dtype: "i64", dims: [], data: [-1] } },
  },
  ...movedDtypes.map((dtype): OperatorCase => ({ name: dtype, inputs: { input: { dtype, dims: [7, 19] } } })),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "The upper or lower triangle of matrices",
  dtypes: "number",
  opsets: [14, 14],
};
