// BlackmanWindow: 0.42 − 0.5 cos + 0.08 cos of the double angle.
import { cosineWindow, cosineWindowCases, cosineWindowReference } from "./cosine-window.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";

const coefficients = [0.42, -0.5, 0.08];

export const operator: Operator = /* @__PURE__ */ cosineWindow("BlackmanWindow", coefficients);

export const doc: OperatorDoc = {
  summary: "Blackman's window of a given size, periodic or symmetric",
  dtypes: "integer",
  opsets: [17, 17],
  limits: "size must be known at compile time, up to dims of other tensors",
};
export const tolerance: Tolerance = { relative: 1, absolute: 1 };
export const reference: Reference = /* @__PURE__ */ cosineWindowReference(coefficients);
export const cases = (): readonly OperatorCase[] => cosineWindowCases();
