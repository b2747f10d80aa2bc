// Dropout: at inference the input itself, and a mask of ones; in training elements are kept by chance and scaled up for those that are not.
import { is64BitInteger } from "../ir/dtypes.js";
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { scalarOf } from "./folds.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { seedBits, seedOf, uniformAt } from "./random.js";
import { philox, uniformNumber } from "./random-references.js";
import { tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "Dropout",
  inputs: ["data", "ratio?", "training_mode?", "run_seed?"],
  outputs: ["output", "mask?"],
  content: ["ratio", "training_mode"],
  attributes: {
    ratio: { type: "float", default: 0.5 },
    seed: { type: "int" },
    is_test: { type: "int" },
    consumed_inputs: { type: "ints" },
  },
  shape: node => {
    droppedShare(node);
    return { output: node.dims.data!, mask: node.dims.data! };
  },
  // before opset 10 the mask had the dtype of the data
  dtypes: ({ dtypes, opset }) => ({ output: dtypes.data!, mask: opset < 10 ? dtypes.data! : "bool" }),
  at: context => {
    const { inputs, dtypes, opset } = context;
    const share = droppedShare(context);
    const mask = opset < 10 ? dtypes.data! : "bool";
    if (share === 0) return { output: (...i) => inputs.data!.at(...i), mask: () => literal(mask, 1) };
    const dtype = dtypes.data!;
    const seed = seedOf(context);
    const isKept = (...i: readonly AnyTile[]) => uniformAt(seed, i, context.outputs.output!, dtype).ge(share);
    return {
      output: (...i) => {
        const x = wide(inputs.data!.at(...i), dtype);
        return where(isKept(...i), x.mul(1 / (1 - share)), 0).cast(dtype);
      },
      mask: (...i) => isKept(...i).cast(mask),
    };
  },
};

/** The share of elements that are dropped: none at inference. */
function droppedShare(node: NodeInfo): number {
  // is_test of the oldest opsets is inference, whatever it says: training was the caller's business
  if (!node.present.includes("training_mode")) return 0;
  if (node.opset < 12)
    refuse(
      "graph-invalid",
      "Dropout",
      node,
      `training_mode is no input of opset ${node.opset}; leave it out, or import opset 12`,
    );
  const training = scalarOf(node.known.training_mode);
  if (training === undefined)
    refuse(
      "operator-unsupported",
      "Dropout",
      node,
      "training_mode is not known when the model is compiled; make it a constant",
    );
  if (training === 0) return 0;
  const ratio = node.present.includes("ratio") ? scalarOf(node.known.ratio) : 0.5;
  if (ratio === undefined)
    refuse(
      "operator-unsupported",
      "Dropout",
      node,
      "ratio is not known when the model is compiled; make it a constant",
    );
  if (!(ratio >= 0 && ratio < 1))
    refuse("operator-attribute", "Dropout", node, `ratio is ${ratio}; use a number from 0 on and below 1`);
  return ratio;
}

export const doc: OperatorDoc = {
  summary: "The data as it is at inference; in training some elements become 0, by chance, and the others larger",
  dtypes: "float",
  opsets: [1, 22],
  limits:
    "ratio and training_mode must be known at compile time; without a seed, every run draws anew, unless run() gets one",
};
/** in training, one product */
export const tolerance: Tolerance = { relative: 1, absolute: 0 };
export const reference: Reference = (inputs, attributes, { opset }) => {
  const data = inputs.data!;
  const dtype = opset < 10 ? data.dtype : "bool";
  const share = Number(inputs.training_mode?.data[0] ?? 0) === 0 ? 0 : Number(inputs.ratio?.data[0] ?? 0.5);
  const seed = seedBits(attributes.seed ?? 0);
  const kept = Array.from(
    { length: data.data.length },
    (_, i) => share === 0 || uniformNumber(data.dtype, philox(seed, [i])) >= share,
  );
  const output = Array.from(data.data as ArrayLike<number>, (x, i) => (kept[i] ? x / (1 - share) : 0));
  let next = 0;
  const one = (yes: boolean) => (is64BitInteger(dtype) ? BigInt(yes) : Number(yes));
  return {
    output: share === 0 ? data : { ...data, data: output },
    mask: tabulate(dtype, data.dims, () => one(kept[next++]!)),
  };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(dtype => ({ name: dtype, inputs: { data: { dtype, dims: [3, 17] } } })),
  { name: "empty", inputs: { data: { dtype: "f32", dims: [0, 5] } } },
  ...floats.map(dtype => ({
    name: `training in ${dtype}`,
    attributes: { seed: 11 },
    inputs: {
      data: { dtype, dims: [3, 17] },
      ratio: { dtype: "f32" as const, dims: [], data: [0.25] },
      training_mode: { dtype: "bool" as const, dims: [], data: [1] },
    },
  })),
];
