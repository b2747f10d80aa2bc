// Dropout at inference: the input itself, and a mask of ones. Training mode needs random numbers, and is refused unless the ratio is 0.
import { is64BitInteger } from "../ir/dtypes.js";
import { literal } from "../tile/index.js";
import { refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { scalarOf } from "./folds.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "Dropout",
  inputs: ["data", "ratio?", "training_mode?"],
  outputs: ["output", "mask?"],
  content: ["ratio", "training_mode"],
  attributes: {
    ratio: { type: "float", default: 0.5 },
    seed: { type: "int" },
    is_test: { type: "int" },
    consumed_inputs: { type: "ints" },
  },
  shape: node => {
    refuseTraining(node);
    return { output: node.dims.data!, mask: node.dims.data! };
  },
  // before opset 10 the mask had the dtype of the data
  dtypes: ({ dtypes, opset }) => ({ output: dtypes.data!, mask: opset < 10 ? dtypes.data! : "bool" }),
  at: ({ inputs, dtypes, opset }) => ({
    output: (...i) => inputs.data!.at(...i),
    mask: () => literal(opset < 10 ? dtypes.data! : "bool", 1),
  }),
};

function refuseTraining(node: NodeInfo): void {
  if (!node.present.includes("training_mode")) return;
  const training = scalarOf(node.known.training_mode);
  const ratio = node.present.includes("ratio") ? scalarOf(node.known.ratio) : 0.5;
  if (training === 0 || ratio === 0) return;
  const what =
    training === undefined
      ? "training_mode is not known when the model is compiled"
      : "training mode needs random numbers";
  refuse("operator-unsupported", "Dropout", node, `${what}; export the model for inference`);
}

export const doc: OperatorDoc = {
  summary: "The data as it is, and a mask that is all true: dropout does nothing at inference",
  dtypes: "float",
  opsets: [1, 22],
  limits: "inference only",
};
export const reference: Reference = (inputs, _, { opset }) => {
  const data = inputs.data!;
  const dtype = opset < 10 ? data.dtype : "bool";
  return { output: data, mask: tabulate(dtype, data.dims, () => (is64BitInteger(dtype) ? 1n : 1)) };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(dtype => ({ name: dtype, inputs: { data: { dtype, dims: [3, 17] } } })),
  { name: "empty", inputs: { data: { dtype: "f32", dims: [0, 5] } } },
];
