// TorchEmbedding of com.microsoft: rows of a table; what concerns gradients is ignored.
import { requireRanks } from "../checks.js";
import { reference as gather } from "../gather.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact } from "../reference-tensors.js";

const op = "TorchEmbedding";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["weight", "indices", "padding_idx?", "scale_grad_by_freq?"],
  outputs: ["Y"],
  shape: node => {
    requireRanks(op, node, { weight: [2] });
    return { Y: [...node.dims.indices!, node.dims.weight![1]!] };
  },
  expand: ({ inputs: { weight, indices } }, build) => ({ Y: build.node("Gather", [weight, indices], { axis: 0 }) }),
};

export const doc: OperatorDoc = { summary: "Rows of a table by their indices", dtypes: "number", opsets: [1, 1] };
export const tolerance = exact;
export const reference: Reference = ({ weight, indices }, _, node) => ({
  Y: gather({ data: weight!, indices: indices! }, { axis: 0 }, node).output!,
});
const of = (dims: readonly number[], dtype: "f32" | "i64" = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×") || "one index"}`,
  inputs: {
    weight: { dtype, dims: [11, 5] },
    indices: { dtype: "i64", dims, range: [0, 10] },
    padding_idx: { dtype: "i64", dims: [], data: [3] },
  },
});
export const cases = (): readonly OperatorCase[] => [of([2, 7]), of([]), of([3], "i64"), of([0])];
