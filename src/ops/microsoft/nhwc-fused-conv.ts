// NhwcFusedConv of com.microsoft: FusedConv with the channels last in X, Z and Y, filters as ever.
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import { channelsLastCases, channelsLastOperator, channelsLastReference } from "./channels-last.js";
import * as fused from "./fused-conv.js";

const moved = ["X", "Z"];
export const operator: Operator = /* @__PURE__ */ channelsLastOperator(fused.operator, {
  name: "NhwcFusedConv",
  domain: "com.microsoft",
  moved,
});

export const doc: OperatorDoc = {
  summary: "FusedConv with the channels last in X, Z and Y",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = fused.tolerance;
export const reference = /* @__PURE__ */ channelsLastReference(fused.reference, "Y", { moved });
export const cases = (): readonly OperatorCase[] => channelsLastCases(fused.cases(), moved);
