// NhwcConv of com.microsoft: Conv with the channels last in X and Y, filters as ever.
import * as conv from "../conv.js";
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import { channelsLastCases, channelsLastOperator, channelsLastReference } from "./channels-last.js";

const moved = ["X"];
export const operator: Operator = /* @__PURE__ */ channelsLastOperator(conv.operator, {
  name: "NhwcConv",
  domain: "com.microsoft",
  moved,
});

export const doc: OperatorDoc = { summary: "Conv with the channels last in X and Y", dtypes: "float", opsets: [1, 1] };
export const tolerance = conv.tolerance;
export const reference = /* @__PURE__ */ channelsLastReference(conv.reference, "Y", { moved });
export const cases = (): readonly OperatorCase[] => channelsLastCases(conv.cases(), moved);
