// ComplexMulConj of com.microsoft: products of complex numbers with the conjugates of others, with broadcasting.
import type { Operator, OperatorDoc } from "../operator.js";
import * as product from "./complex-mul.js";

export const operator: Operator = /* @__PURE__ */ product.complexProduct("ComplexMulConj", true);
export const doc: OperatorDoc = {
  summary: "A · conj(B) of complex numbers, whose parts lie in the last dim, with broadcasting",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = product.tolerance;
export const reference = /* @__PURE__ */ product.complexReference(true);
export const cases = product.cases;
