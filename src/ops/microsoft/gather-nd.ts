// GatherND of com.microsoft: that of ai.onnx.
import type { Operator, OperatorDoc } from "../operator.js";
import * as standard from "../gather-nd.js";

export const operator: Operator = { ...standard.operator, domain: "com.microsoft" };
export const doc: OperatorDoc = { summary: "Slices picked by index tuples", dtypes: "any", opsets: [1, 1] };
export const tolerance = standard.tolerance;
export const reference = standard.reference;
export const cases = standard.cases;
