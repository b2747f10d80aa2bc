// QLinearAdd of com.microsoft: the sum of two tensors of 8 bits, with broadcasting.
import type { OperatorCase, OperatorDoc } from "../operator.js";
import { exact } from "../reference-tensors.js";
import { quantizedBinary, quantizedBinaryCases, quantizedBinaryReference } from "./quantized-elementwise.js";

export const operator = /* @__PURE__ */ quantizedBinary("QLinearAdd", "Add");

export const doc: OperatorDoc = {
  summary: "A + B of tensors of 8 bits, with broadcasting",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;
export const reference = /* @__PURE__ */ quantizedBinaryReference((a, b) => a + b);
export const cases = (): readonly OperatorCase[] => quantizedBinaryCases();
