// GemmFastGelu of com.microsoft: FastGelu of a matrix product plus a bias.
import { reference as fastGelu } from "./fast-gelu.js";
import { floats } from "../elementwise-references.js";
import * as matMul from "../mat-mul.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";

export const operator: Operator = {
  name: "GemmFastGelu",
  domain: "com.microsoft",
  inputs: ["X", "W", "bias?"],
  outputs: ["Y"],
  shape: node => ({ Y: matMul.operator.shape({ ...node, dims: { A: node.dims.X!, B: node.dims.W! } }).Y! }),
  expand: ({ inputs: { X, W, bias } }, build) => ({
    Y: build.node("FastGelu", [build.node("MatMul", [X, W]), bias], {}, "com.microsoft"),
  }),
};

export const doc: OperatorDoc = { summary: "FastGelu of X · W + bias", dtypes: "float", opsets: [1, 1] };
/** that of MatMul, and FastGelu */
export const tolerance: Tolerance = { relative: 16, absolute: 16 };
export const reference: Reference = ({ X, W, bias }, _, node) => {
  const { Y } = matMul.reference({ A: X!, B: W! }, {}, node);
  return { Y: fastGelu({ X: Y!, ...(bias ? { bias } : {}) }, {}, node).Y! };
};

const of = (X: readonly number[], W: readonly number[], bias: boolean, dtype: "f32" | "f16" = "f32"): OperatorCase => ({
  name: `${dtype} ${X.join("×")} by ${W.join("×")}${bias ? ", bias" : ""}`,
  inputs: {
    X: { dtype, dims: X },
    W: { dtype, dims: W },
    ...(bias ? { bias: { dtype, dims: [W.at(-1)!] } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 3, 7], [7, 5], true, d as "f32")),
  of([3, 7], [7, 5], false),
  of([0, 7], [7, 5], true),
];
