// MoE of com.microsoft: each token is sent to the experts that a router rates highest; their results are weighed and added up.
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { checkExperts, expertsAttributes, expertsReference, requireLayers, sendToExperts } from "./experts.js";

export const operator: Operator = {
  name: "MoE",
  domain: "com.microsoft",
  inputs: [
    "input",
    "router_probs",
    "fc1_experts_weights",
    "fc1_experts_bias?",
    "fc2_experts_weights",
    "fc2_experts_bias?",
    "fc3_experts_weights?",
    "fc3_experts_bias?",
  ],
  outputs: ["output"],
  attributes: expertsAttributes,
  shape: node => {
    checkExperts("MoE", node);
    requireLayers("MoE", node, (experts, rows, columns) => [experts, rows, columns]);
    return { output: node.dims.input! };
  },
  expand: (node, build) => ({
    output: sendToExperts(node, build, (x, layer, experts) =>
      build.node("ExpertMatMul", [x, node.inputs[`${layer}_experts_weights`], experts], {}, "azulejo"),
    ),
  }),
};

export const doc: OperatorDoc = {
  summary:
    "Tokens sent to the k experts of two layers (three for gated ones) that a softmax of the router rates highest",
  dtypes: "float",
  opsets: [1, 1],
  limits: "no use_sparse_mixer; gelu by its tanh approximation, as in ONNX Runtime",
};
/** two contractions, an activation, a sum */
export const tolerance: Tolerance = { relative: 64, absolute: 64 };
export const reference: Reference = (inputs, attributes) => ({
  output: expertsReference(inputs, attributes, () => ({ attributes: {}, inputs: {} })),
});

interface More {
  readonly bias?: boolean;
  readonly gated?: boolean;
  readonly batch?: boolean;
}
const [E, H, I] = [5, 8, 12];
const of = (
  attributes: Attributes,
  { bias = true, gated, batch }: More = {},
  dtype: "f32" | "f16" = "f32",
): OperatorCase => {
  const fused = attributes.activation_type === "swiglu" && attributes.swiglu_fusion ? 2 : 1;
  const weights = (rows: number, columns: number) => ({ dtype, dims: [E, rows, columns], range: [-0.5, 0.5] as const });
  const biases = (rows: number) => ({ dtype, dims: [E, rows] });
  return {
    name: `${dtype} ${JSON.stringify(attributes)}${bias ? ", biases" : ""}${gated ? ", gated" : ""}${batch ? ", batch" : ""}`,
    attributes,
    inputs: {
      input: { dtype, dims: batch ? [2, 3, H] : [6, H] },
      router_probs: { dtype, dims: [6, E] },
      fc1_experts_weights: weights(fused * I, H),
      ...(bias ? { fc1_experts_bias: biases(fused * I) } : {}),
      fc2_experts_weights: weights(H, I),
      ...(bias ? { fc2_experts_bias: biases(H) } : {}),
      ...(gated ? { fc3_experts_weights: weights(I, H), fc3_experts_bias: biases(I) } : {}),
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  of({ k: 2 }),
  of({ k: 2, normalize_routing_weights: 1, activation_type: "silu" }, { batch: true, bias: false }),
  of({ k: 1, activation_type: "gelu" }),
  of({ k: 4, activation_type: "identity" }, {}, "f16"),
  of({ k: 2, activation_type: "silu", normalize_routing_weights: 1 }, { gated: true }),
  of({
    k: 2,
    activation_type: "swiglu",
    swiglu_fusion: 1,
    activation_alpha: 1.702,
    activation_beta: 1,
    swiglu_limit: 1.5,
    normalize_routing_weights: 1,
  }),
  of({ k: 2, activation_type: "swiglu", swiglu_fusion: 2 }),
  of({ k: 2, activation_type: "swiglu", swiglu_fusion: 0, activation_beta: 1 }, { gated: true }),
];
