// SkipLayerNormalization of com.microsoft: LayerNormalization over the last dim of input + skip + bias; the sum is an output too.
import type { Dtype } from "../../ir/dtypes.js";
import { floats } from "../elementwise-references.js";
import { reference as layerReference } from "../layer-normalization.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { skipNormalization, skipSumReference } from "./skip-sums.js";

export const operator: Operator = /* @__PURE__ */ skipNormalization(
  "SkipLayerNormalization",
  ["input", "skip", "gamma", "beta?", "bias?"],
  (sum, { inputs, attributes: { epsilon } }, build) => {
    const given = [sum, inputs.gamma, inputs.beta];
    const [output, mean, inv_std_var] = build.several("LayerNormalization", 3, given, { epsilon });
    return { output: output!, mean: mean!, inv_std_var: inv_std_var! };
  },
);

export const doc: OperatorDoc = {
  summary: "LayerNormalization over the last dim of input + skip + bias",
  dtypes: "float",
  opsets: [1, 1],
};
/** that of LayerNormalization, of sums of f32 */
export const tolerance: Tolerance = { relative: 8, absolute: 8 };

export const reference: Reference = (inputs, { epsilon = 1e-12 }, node) => {
  const sum = skipSumReference(inputs);
  const { gamma, beta } = inputs;
  const { Y, Mean, InvStdDev } = layerReference(
    { X: sum, Scale: gamma!, ...(beta ? { B: beta } : {}) },
    { axis: -1, epsilon },
    node,
  );
  return { output: Y!, mean: Mean!, inv_std_var: InvStdDev!, input_skip_bias_sum: sum };
};

interface More {
  readonly skip?: readonly number[];
  readonly bias?: boolean;
  readonly beta?: boolean;
  readonly dtype?: Dtype;
  readonly outputCount?: number;
}
const of = (
  dims: readonly number[],
  { skip = dims, bias, beta = true, dtype = "f32", outputCount = 1 }: More = {},
): OperatorCase => {
  const last = { dtype, dims: [dims.at(-1)!] };
  return {
    name: `${dtype} ${dims.join("×")} and ${skip.join("×")}${bias ? ", bias" : ""}${beta ? ", beta" : ""}, ${outputCount} outputs`,
    attributes: { epsilon: 1e-5 },
    outputCount,
    inputs: {
      input: { dtype, dims },
      skip: { dtype, dims: skip },
      gamma: last,
      ...(beta ? { beta: last } : {}),
      ...(bias ? { bias: last } : {}),
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(dtype => of([2, 3, 17], { dtype, bias: true })),
  of([2, 3, 17], { outputCount: 4, bias: true }),
  of([2, 3, 17], { outputCount: 4, beta: false }),
  of([3, 8]),
  of([2, 3, 8], { skip: [3, 8], bias: true, beta: false }),
  of([2, 3, 8], { skip: [1, 3, 8] }),
  of([0, 3, 8]),
];
