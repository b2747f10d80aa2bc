// Gelu of com.microsoft: X · Φ(X), with the error function.
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import * as standard from "../gelu.js";
import { floats, unaryCases } from "../elementwise-references.js";

export const operator: Operator = {
  ...standard.operator,
  domain: "com.microsoft",
  attributes: {},
  at: ({ inputs }) => ({ Y: (...i) => standard.gelu(inputs.X!.at(...i)) }),
};

export const doc: OperatorDoc = { summary: "X / 2 · (1 + erf(X / √2))", dtypes: "float", opsets: [1, 1] };
export const tolerance = standard.tolerance;
export const reference = standard.reference;
export const cases = (): readonly OperatorCase[] => unaryCases(floats, [-6, 6]);
