// FlexAttention: attention whose scores and probabilities graphs may change on the way.
import type { Graph, Value } from "../../graph/graph.js";
import { computeDtype } from "../accumulate.js";
import { attentionScores, attentionValues } from "../attention-core.js";
import { printDims, refuse } from "../checks.js";
import { onnxCodeOf, onnxDtypes } from "../onnx-dtypes.js";
import type { Builder, Operator, OperatorDoc } from "../operator.js";

export const operator: Operator = {
  name: "FlexAttention",
  domain: "ai.onnx.preview",
  inputs: ["Q", "K", "V"],
  outputs: ["Y"],
  attributes: {
    scale: { type: "float" },
    score_mod: { type: "graph" },
    prob_mod: { type: "graph" },
    softmax_precision: { type: "int" },
  },
  shape: node => {
    const [Q, K, V] = [node.dims.Q!, node.dims.K!, node.dims.V!];
    if (Q.length !== 4 || K.length !== 4 || V.length !== 4)
      refuse(
        "shape",
        "FlexAttention",
        node,
        `Q of ${printDims(Q)}, K of ${printDims(K)} and V of ${printDims(V)} must be batch×heads×sequence×size; reshape them`,
      );
    return { Y: [Q[0]!, Q[1]!, Q[2]!, V[3]!] };
  },
  expand: ({ inputs, attributes, dtypes }, build) => {
    const { Q, K, V } = inputs as Readonly<Record<"Q" | "K" | "V", Value>>;
    const compute = onnxDtypes[attributes.softmax_precision] ?? computeDtype(dtypes.Q!);
    const cast = (x: Value, to: number): Value => build.node("Cast", [x], { to });
    const scores = attentionScores(build, { Q, K }, { scale: attributes.scale });
    const changed = change(build, attributes.score_mod, cast(scores, onnxCodeOf(compute)));
    const weights = change(build, attributes.prob_mod, build.node("Softmax", [changed]));
    const Y = attentionValues(build, weights, cast(V, onnxCodeOf(compute)));
    return { Y: cast(Y, onnxCodeOf(dtypes.Q!)) };
  },
};

const change = (build: Builder, mod: { readonly graph: Graph } | undefined, x: Value): Value =>
  mod ? build.inline(mod.graph, [x])[0]! : x;

export const doc: OperatorDoc = {
  summary: "Attention whose scores and probabilities graphs change on the way",
  dtypes: "float",
  opsets: [1, 1],
};
