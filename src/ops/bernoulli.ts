// Bernoulli: 1 with the probability that the input says, else 0.
import type { Dtype } from "../ir/dtypes.js";
import { wide } from "./accumulate.js";
import { dtypeOr } from "./onnx-dtypes.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { seedBits, seedOf, uniformAt } from "./random.js";
import { philox, uniformNumber } from "./random-references.js";
import { elementOf, exact } from "./reference-tensors.js";

const dtypeOf = (node: NodeInfo): Dtype => dtypeOr(node.dtypes.input!, "Bernoulli", node, node.attributes.dtype);

export const operator: Operator = {
  name: "Bernoulli",
  inputs: ["input", "run_seed?"],
  outputs: ["output"],
  attributes: { dtype: { type: "int" }, seed: { type: "float" } },
  dtypes: node => ({ output: dtypeOf(node) }),
  shape: node => ({ output: node.dims.input! }),
  at: context => {
    const from = context.dtypes.input!;
    const seed = seedOf(context);
    return {
      output: (...index) => {
        const drawn = uniformAt(seed, index, context.outputs.output!, from);
        return drawn.lt(wide(context.inputs.input!.at(...index), from)).cast(dtypeOf(context));
      },
    };
  },
};

export const reference: Reference = ({ input }, attributes) => {
  const dtype = dtypeOr(input!.dtype, "Bernoulli", { name: "" }, attributes.dtype);
  const seed = seedBits(attributes.seed ?? 0);
  const data = Array.from(input!.data as ArrayLike<number>, (p, i) =>
    elementOf(dtype, uniformNumber(input!.dtype, philox(seed, [i])) < p ? 1 : 0),
  );
  return { output: { dtype, dims: input!.dims, data: data as number[] } };
};

export const cases = (): readonly OperatorCase[] => [
  ...(["f32", "f16", "f64"] as const).map(dtype => ({
    name: dtype,
    attributes: { seed: 4 },
    inputs: { input: { dtype, dims: [5, 13], range: [0, 1] as const } },
  })),
  {
    name: "as i64",
    attributes: { seed: 4, dtype: 7 },
    inputs: { input: { dtype: "f32", dims: [40], range: [0, 1] } },
  },
  {
    name: "certainly",
    attributes: { seed: 1, dtype: 9 },
    inputs: { input: { dtype: "f32", dims: [4], data: [0, 1, 0, 1] } },
  },
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "1 with the given probability, else 0",
  dtypes: "float",
  opsets: [15, 22],
  limits: "without a seed, every run draws anew, unless run() gets one; with one, all runs draw the same",
};
