// QLinearConv of com.microsoft: that of ai.onnx, the channels of x and y second or last.
import type { Attributes, Operator, OperatorCase, OperatorDoc } from "../operator.js";
import * as standard from "../integers/q-linear-conv.js";
import { channelsLastCases, channelsLastOperator, channelsLastReference } from "./channels-last.js";

const form = {
  moved: ["x"],
  inner: ({ channels_last: _, ...rest }: Attributes): Attributes => rest,
  isLast: ({ channels_last }: Attributes): boolean => channels_last === 1,
};
export const operator: Operator = /* @__PURE__ */ channelsLastOperator(standard.operator, {
  ...form,
  name: "QLinearConv",
  domain: "com.microsoft",
  attributes: { ...standard.operator.attributes, channels_last: { type: "int", default: 0 } },
});

export const doc: OperatorDoc = {
  summary: "The convolution of quantised tensors, quantised, the channels second or last",
  dtypes: "i8 and u8",
  opsets: [1, 1],
};
export const tolerance = standard.tolerance;
export const reference = /* @__PURE__ */ channelsLastReference(standard.reference, "y", form);
export const cases = (): readonly OperatorCase[] => [
  ...standard.cases(),
  ...channelsLastCases(standard.cases(), form.moved).map(c => ({
    ...c,
    name: `${c.name}, channels last`,
    attributes: { ...c.attributes, channels_last: 1 },
  })),
];
