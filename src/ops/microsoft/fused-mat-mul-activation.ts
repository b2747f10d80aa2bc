// FusedMatMulActivation of com.microsoft: FusedMatMul and an activation.
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { activate, activationReference, parametersOf } from "./fused-activation.js";
import * as product from "./fused-mat-mul.js";

const op = "FusedMatMulActivation";
const productAttributes = ({ alpha, transA, transB, transBatchA, transBatchB }: Attributes): Attributes => ({
  alpha,
  transA,
  transB,
  transBatchA,
  transBatchB,
});

export const operator: Operator = {
  ...product.operator,
  name: op,
  attributes: {
    ...product.operator.attributes,
    activation: { type: "string", required: true },
    activation_alpha: { type: "float" },
    activation_beta: { type: "float" },
    activation_gamma: { type: "float" },
    activation_axis: { type: "int" },
  },
  expand: (node, build) => {
    const { A, B } = node.inputs;
    const y = build.node("FusedMatMul", [A, B], productAttributes(node.attributes), "com.microsoft");
    return { Y: activate(op, node, build, y, node.dtypes.A!, parametersOf(node.attributes)) };
  },
};

export const doc: OperatorDoc = {
  summary: "FusedMatMul and an activation: Relu, Tanh, Sigmoid, LeakyRelu, Clip or HardSigmoid",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = product.tolerance;
export const reference: Reference = (inputs, attributes, node) => {
  const { Y } = product.reference(inputs, attributes, node);
  const f = activationReference(attributes.activation, parametersOf(attributes));
  return { Y: { ...Y!, data: numbersOf(Y!).map(f) } };
};
export const cases = (): readonly OperatorCase[] =>
  product.cases().map((c, i) => ({
    ...c,
    attributes: {
      ...c.attributes,
      ...[
        { activation: "Relu" },
        { activation: "LeakyRelu", activation_alpha: 0.2 },
        { activation: "HardSigmoid", activation_alpha: 0.3, activation_beta: 0.4 },
        { activation: "Tanh" },
      ][i % 4],
    },
  }));
