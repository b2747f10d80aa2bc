// Pad of com.microsoft: that of ai.onnx over all axes.
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import * as standard from "../pad.js";

export const operator: Operator = {
  ...standard.operator,
  domain: "com.microsoft",
  inputs: ["data", "pads", "constant_value?"],
  content: ["pads"],
  attributes: { mode: { type: "string", default: "constant" } },
};
export const doc: OperatorDoc = {
  summary: "Elements put before and after, or cut off",
  dtypes: "number",
  opsets: [1, 1],
  limits: "pads must be known at compile time, up to dims of other tensors",
};
export const tolerance = standard.tolerance;
export const reference = standard.reference;
export const cases = (): readonly OperatorCase[] => standard.cases().filter(c => !c.opset && !c.inputs.axes);
