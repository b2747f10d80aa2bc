// TransposeMatMul of com.microsoft: the earlier name of FusedMatMul.
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import * as fused from "./fused-mat-mul.js";

export const operator: Operator = /* @__PURE__ */ fused.fusedMatMul("TransposeMatMul", {
  transA: { type: "int", default: 0 },
  transB: { type: "int", default: 0 },
});

export const doc: OperatorDoc = {
  summary: "alpha · A · B, operands transposed in the last two dims (transA, transB)",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = fused.tolerance;
export const reference = fused.reference;
export const cases = (): readonly OperatorCase[] =>
  fused.cases().filter(c => !Object.keys(c.attributes ?? {}).some(k => k.startsWith("transBatch")));
