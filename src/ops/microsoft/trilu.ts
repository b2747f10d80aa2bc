// Trilu of com.microsoft: that of ai.onnx, before it was standard.
import type { Operator, OperatorDoc } from "../operator.js";
import * as standard from "../trilu.js";

export const operator: Operator = { ...standard.operator, domain: "com.microsoft" };
export const doc: OperatorDoc = {
  summary: "The upper or lower triangle of the last two dims; zeros elsewhere",
  dtypes: "any",
  opsets: [1, 1],
};
export const tolerance = standard.tolerance;
export const reference = standard.reference;
export const cases = standard.cases;
