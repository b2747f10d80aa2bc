// Conv of com.ms.internal.nhwc: FusedConv with the channels last in X, Z and Y, filters as ever. ONNX Runtime writes it while optimising.
import { channelsLastCases, channelsLastOperator, channelsLastReference } from "../microsoft/channels-last.js";
import * as fused from "../microsoft/fused-conv.js";
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";

const moved = ["X", "Z"];
export const operator: Operator = /* @__PURE__ */ channelsLastOperator(fused.operator, {
  name: "Conv",
  domain: "com.ms.internal.nhwc",
  moved,
});

export const doc: OperatorDoc = {
  summary: "FusedConv with the channels last in X, Z and Y",
  dtypes: "float",
  opsets: [1, 22],
};
export const tolerance = fused.tolerance;
export const reference = /* @__PURE__ */ channelsLastReference(fused.reference, "Y", { moved });
export const cases = (): readonly OperatorCase[] => channelsLastCases(fused.cases(), moved);
