// Trilu of com.microsoft: that of ai.onnx, before it was standard.
import type { Operator } from "../operator.js";
import * as standard from "../trilu.js";

export const operator: Operator = { ...standard.operator, domain: "com.microsoft" };
export const doc = { ...standard.doc, opsets: [1, 1] as const };
export const tolerance = standard.tolerance;
export const reference = standard.reference;
export const cases = standard.cases;
