// FusedGemm of com.microsoft: Gemm and an activation.
import * as gemm from "../gemm.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { activate, activationReference, parametersOf } from "./fused-activation.js";

export const operator: Operator = {
  name: "FusedGemm",
  domain: "com.microsoft",
  inputs: gemm.operator.inputs,
  outputs: gemm.operator.outputs,
  attributes: {
    alpha: { type: "float", default: 1 },
    beta: { type: "float", default: 1 },
    transA: { type: "int", default: 0 },
    transB: { type: "int", default: 0 },
    activation: { type: "string", default: "" },
    activation_alpha: { type: "float" },
    activation_beta: { type: "float" },
    activation_gamma: { type: "float" },
  },
  shape: gemm.operator.shape,
  expand: (node, build) => {
    const { alpha, beta, transA, transB } = node.attributes;
    const { A, B, C } = node.inputs;
    const y = build.node("Gemm", [A, B, C], { alpha, beta, transA, transB });
    return { Y: activate("FusedGemm", node, build, y, node.dtypes.A!, parametersOf(node.attributes)) };
  },
};

export const doc: OperatorDoc = {
  summary: "Gemm and an activation: Relu, Tanh, Sigmoid, LeakyRelu, Clip or HardSigmoid",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = gemm.tolerance;

export const reference: Reference = (inputs, attributes, node) => {
  const { Y } = gemm.reference(inputs, attributes, node);
  const f = activationReference(attributes.activation, parametersOf(attributes));
  return { Y: { ...Y!, data: numbersOf(Y!).map(f) } };
};

const of = (activation: string, more: Attributes = {}, c = true): OperatorCase => ({
  name: `${activation || "no activation"} ${Object.keys(more).join()}${c ? "" : ", no C"}`,
  attributes: { activation, ...more },
  inputs: {
    A: { dtype: "f32", dims: more.transA ? [7, 5] : [5, 7] },
    B: { dtype: "f32", dims: more.transB ? [3, 7] : [7, 3] },
    ...(c ? { C: { dtype: "f32", dims: [3] } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of("Relu"),
  of("", {}, false),
  of("Sigmoid", { transA: 1, alpha: 0.5 }),
  of("Tanh", { transB: 1, beta: 2 }),
  of("LeakyRelu", { activation_alpha: 0.3 }),
  of("HardSigmoid", { activation_alpha: 0.3, activation_beta: 0.6 }),
  of("Clip", { activation_alpha: -1, activation_beta: 1 }),
];
