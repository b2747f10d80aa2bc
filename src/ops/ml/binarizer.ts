// Binarizer: 1 above a threshold, else 0.
import { literal, where } from "../../tile/index.js";
import { unary } from "../elementwise.js";
import { unaryCases, unaryReference } from "../elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc } from "../operator.js";
import { exact } from "../reference-tensors.js";

export const operator: Operator = {
  .../* @__PURE__ */ unary(
    "Binarizer",
    (x, { threshold }) => {
      const one = literal(x.dtype, 1);
      return where(x.cast("f64").gt(threshold), one, literal(x.dtype, 0));
    },
    { attributes: { threshold: { type: "float", default: 0 } } },
  ),
  domain: "ai.onnx.ml",
};

export const doc: OperatorDoc = { summary: "1 above a threshold, else 0", dtypes: "number", opsets: [1, 1] };
export const tolerance = exact;
export const reference = /* @__PURE__ */ unaryReference((x, { threshold = 0 }) => (x > threshold ? 1 : 0));
export const cases = (): readonly OperatorCase[] =>
  unaryCases(["f32", "f64", "i64", "i32"], undefined, { threshold: 0.5 });
