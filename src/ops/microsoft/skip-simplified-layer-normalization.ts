// SkipSimplifiedLayerNormalization of com.microsoft: SimplifiedLayerNormalization over the last dim of input + skip + bias.
import type { Dtype } from "../../ir/dtypes.js";
import { floats } from "../elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { reference as simplifiedReference } from "../simplified-layer-normalization.js";
import { skipNormalization, skipSumReference } from "./skip-sums.js";

// ONNX Runtime computes no mean either: who wants that output is told that nothing is given for it
export const operator: Operator = /* @__PURE__ */ skipNormalization(
  "SkipSimplifiedLayerNormalization",
  ["input", "skip", "gamma", "bias?"],
  (sum, { inputs, attributes: { epsilon } }, build) => {
    const [output, inv_std_var] = build.several("SimplifiedLayerNormalization", 2, [sum, inputs.gamma], { epsilon });
    return { output: output!, inv_std_var: inv_std_var! };
  },
);

export const doc: OperatorDoc = {
  summary: "SimplifiedLayerNormalization over the last dim of input + skip + bias",
  dtypes: "float",
  opsets: [1, 1],
  limits: "the output mean is refused: there is none",
};
/** that of SimplifiedLayerNormalization, of a sum that was rounded */
export const tolerance: Tolerance = { relative: 8, absolute: 8 };

export const reference: Reference = (inputs, { epsilon = 1e-12 }, node) => {
  const sum = skipSumReference(inputs);
  const { Y, inv_std_var } = simplifiedReference({ X: sum, scale: inputs.gamma! }, { axis: -1, epsilon }, node);
  return { output: Y!, inv_std_var: inv_std_var!, input_skip_bias_sum: sum };
};

const of = (dims: readonly number[], bias: boolean, skip = dims, dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} and ${skip.join("×")}${bias ? ", bias" : ""}`,
  attributes: { epsilon: 1e-5 },
  outputCount: 1,
  inputs: {
    input: { dtype, dims },
    skip: { dtype, dims: skip },
    gamma: { dtype, dims: [dims.at(-1)!] },
    ...(bias ? { bias: { dtype, dims: [dims.at(-1)!] } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 3, 17], true, [2, 3, 17], d)),
  of([3, 8], false),
  of([2, 3, 8], true, [1, 3, 8]),
  of([2, 3, 8], false, [3, 8]),
  of([0, 3, 8], false),
];
