// QuantizeLinear of com.microsoft: that of ai.onnx.
import type { Operator, OperatorDoc } from "../operator.js";
import * as standard from "../integers/quantize-linear.js";

export const operator: Operator = { ...standard.operator, domain: "com.microsoft" };
export const doc: OperatorDoc = {
  summary: "x / scale + zero point, rounded and saturated",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = standard.tolerance;
export const reference = standard.reference;
export const cases = standard.cases;
