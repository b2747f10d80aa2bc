// GridSample of com.microsoft: that of ai.onnx.
import type { Operator, OperatorDoc } from "../operator.js";
import * as standard from "../grid-sample.js";

export const operator: Operator = { ...standard.operator, domain: "com.microsoft" };
export const doc: OperatorDoc = {
  summary: "Samples of X at positions that a grid names",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = standard.tolerance;
export const reference = standard.reference;
export const cases = standard.cases;
