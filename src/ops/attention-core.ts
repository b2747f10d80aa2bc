// What attentions of all kinds expand to: scores, weights and values over batch×heads×sequence×size.
import type { Value } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { onnxCodeOf } from "./onnx-dtypes.js";
import type { Builder } from "./operator.js";

/** Q has heads×sequence in dims 1 and 2; K and V may have fewer heads, each serving a group of neighbours of Q's. */
export interface AttentionInputs {
  readonly Q: Value;
  readonly K: Value;
  readonly V: Value;
  /** bool or added to the scores; broadcasts to batch×heads×queries×keys */
  readonly mask?: Value | undefined;
  /** how many keys count, by batch */
  readonly lengths?: Value | undefined;
  /** its dim 2 tells how many of the keys lie before the first query */
  readonly past?: Value | undefined;
}
export interface AttentionSettings {
  readonly scale?: number | undefined;
  readonly softcap?: number | undefined;
  readonly causal?: number | undefined;
  readonly pad_mask?: number | undefined;
  /** how many keys to the left and to the right of a query's own position it sees; −1: all */
  readonly left?: number | undefined;
  readonly right?: number | undefined;
}

const domain = "azulejo";

/** Masked scores in the dtype of computation: f32 for narrow floats. */
export const attentionScores = (
  build: Builder,
  { Q, K, mask, lengths, past }: Omit<AttentionInputs, "V">,
  settings: AttentionSettings,
): Value => build.node("AttentionScores", [Q, K, mask, lengths, past], { ...settings }, domain);

/** The softmax of scores, in the dtype of the values. */
export const attentionWeights = (build: Builder, scores: Value, dtype: Dtype): Value =>
  build.node("AttentionWeights", [scores], { to: onnxCodeOf(dtype) }, domain);

export const attentionValues = (build: Builder, weights: Value, V: Value): Value =>
  build.node("AttentionValues", [weights, V], {}, domain);

/** All three. */
export function attention(build: Builder, inputs: AttentionInputs, settings: AttentionSettings, dtype: Dtype): Value {
  const weights = attentionWeights(build, attentionScores(build, inputs, settings), dtype);
  return attentionValues(build, weights, inputs.V);
}

/** batch×sequence×(heads·size) as batch×heads×sequence×size */
export const splitHeads = (build: Builder, x: Value, heads: number): Value =>
  build.node("Transpose", [build.node("Reshape", [x, build.constant("i64", [4], [0, 0, heads, -1])])], {
    perm: [0, 2, 1, 3],
  });

/** and back */
export const joinHeads = (build: Builder, x: Value): Value =>
  build.node("Reshape", [build.node("Transpose", [x], { perm: [0, 2, 1, 3] }), build.constant("i64", [3], [0, 0, -1])]);
