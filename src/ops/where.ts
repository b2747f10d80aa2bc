// Where: X where the condition holds, else Y, with broadcasting of all three.
import type { Dtype } from "../ir/dtypes.js";
import { where } from "../tile/index.js";
import { broadcastDims, readBroadcast } from "./broadcast.js";
import { commonDtype } from "./elementwise.js";
import { broadcastNumbers, broadcastReader } from "./elementwise-references.js";
import type { KnownElement } from "./known-values.js";
import { mapKnown, numberOf } from "./known-values.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { movedDtypes, tabulate } from "./reference-tensors.js";

const operands = ["condition", "X", "Y"] as const;

export const operator: Operator = {
  name: "Where",
  inputs: operands,
  outputs: ["output"],
  shape: node => ({ output: broadcastDims("Where", node, operands) }),
  dtypes: node => ({ output: commonDtype("Where", node, ["X", "Y"]) }),
  values: ({ known }) => ({
    output: mapKnown(
      operands.map(n => known[n]),
      (condition, x, y) => choose(numberOf(condition), x, y),
    ),
  }),
  at: ({ inputs, outputs }) => ({
    output: (...i) => {
      const [condition, x, y] = operands.map(n => readBroadcast(inputs[n]!, i, outputs.output!));
      return where(condition!, x!, y!);
    },
  }),
  text: true,
};

const choose = (condition: number | undefined, x: KnownElement, y: KnownElement): KnownElement =>
  condition === undefined ? undefined : condition ? x : y;

export const doc: OperatorDoc = {
  summary: "X where the condition is true, else Y, with broadcasting",
  dtypes: "any",
  opsets: [9, 16],
};

export const reference: Reference = inputs => {
  const all = operands.map(n => inputs[n]!);
  const [condition, x, y] = all.map(t => broadcastReader(t));
  const dims = broadcastNumbers(all.map(t => t.dims));
  return { output: tabulate(inputs.X!.dtype, dims, i => (condition!(i) ? x!(i) : y!(i))) };
};

const of = (dtype: Dtype, condition: readonly number[], x: readonly number[], y: readonly number[]): OperatorCase => ({
  name: `${dtype} ${[condition, x, y].map(s => s.join("×") || "scalar").join(", ")}`,
  inputs: { condition: { dtype: "bool", dims: condition }, X: { dtype, dims: x }, Y: { dtype, dims: y } },
});
export const cases = (): readonly OperatorCase[] => [
  ...movedDtypes.map(d => of(d, [3, 5], [3, 5], [3, 5])),
  of("f32", [], [3, 5], [5]),
  of("f32", [3, 1], [], [1, 7]),
  of("f32", [0, 3], [3], [1, 1]),
];
